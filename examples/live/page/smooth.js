// dash.js for Smooth Streaming: what it reads that with is a script of its own. Live, it learns of new fragments from those before them.

import { DashJs } from './dashjs.js';

export class Smooth extends DashJs {
  static format = 'smooth';
  static scripts = ['dash.mediaplayer.min.js', 'dash.mss.min.js'];
  /** A client manifest names no captions, and dash.js looks for none. */
  static decodes = /^$/;
  /** Live, the manifest ends two segments before the newest. */
  static least = 4;

  constructor(player) {
    super(player);
    this.isOver = false;
    this.manifest = null;
  }

  begin(url) {
    super.begin(url);
    this.dash.on(window.dashjs.MediaPlayer.events.MANIFEST_LOADED, ({ data }) => {
      this.manifest = data ?? null;
    });
  }

  /** A fragment that names none behind it is the last of the program: all there is will be played. */
  failed(error) {
    if (error.code === NO_TFRF) this.isOver = true;
    else super.failed(error);
  }

  hasEnded() {
    return this.isOver && this.manifest != null && this.player.video.currentTime >= end(this.manifest) - 0.3;
  }

  /** The element's clock is the channel's media time; on demand it begins at the first fragment. */
  wallClock() {
    const { epoch, video } = this.player;
    if (epoch == null || !this.manifest || !this.stream()) return null;
    return epoch + (zero(this.manifest) + video.currentTime) * 1000;
  }
}

/** What dash.js takes off the times of a program that is over, in seconds. */
function zero({ type, Period: [period] }) {
  if (type !== 'static') return 0;
  const { timescale, SegmentTimeline: { S: [first] } } = period.AdaptationSet[0].SegmentTemplate;
  return Number(first.tManifest ?? first.t) / timescale - period.start;
}

/** Where the last fragment that dash.js has heard of ends, in seconds: it adds those of `tfrf` to the manifest. */
function end({ Period: [period] }) {
  const media = period.AdaptationSet.filter(({ contentType }) => contentType !== 'text');
  return Math.min(...media.map(({ SegmentTemplate: { timescale, SegmentTimeline: { S } } }) => (S.at(-1).t + S.at(-1).d) / timescale));
}

/** MSS_NO_TFRF_CODE. */
const NO_TFRF = 200;
