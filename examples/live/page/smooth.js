// dash.js for Smooth Streaming: what it reads that with is a script of its own. Live, it learns of new fragments from those before them,
// and goes no further back than what the manifest listed when it began.

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
    /** Media time at which the element's clock is zero, in seconds, and the same in ticks by the name of the stream. */
    this.zero = 0;
    this.shifts = new Map();
  }

  begin(url) {
    super.begin(url);
    this.dash.addResponseInterceptor((response) => this.answered(response));
    this.dash.addRequestInterceptor((request) => this.asked(request));
    this.dash.on(window.dashjs.MediaPlayer.events.MANIFEST_LOADED, ({ data }) => {
      this.manifest = data ?? null;
    });
  }

  /** A program that is over is counted from zero: dash.js would take the first time of one stream off the times of all, whatever they
   *  count in. */
  async answered(response) {
    const text = response.data;
    if (typeof text !== 'string' || !text.includes('<SmoothStreamingMedia')) return response;
    const streams = [...text.matchAll(/<StreamIndex [^>]*Name="([^"]*)"[^>]*TimeScale="(\d+)"[^>]*>(?:<Q.*?)?<c t="(\d+)"/gs)]
      .map(([, name, scale, first]) => ({ name, scale: Number(scale), first: Number(first) }));
    const isLive = /IsLive="true"/i.test(text);
    this.zero = isLive || streams.length === 0 ? 0 : Math.min(...streams.map(({ first, scale }) => first / scale));
    this.shifts = new Map(streams.map(({ name, scale, first }) => [name, Math.min(first, Math.round(this.zero * scale))]));
    const shifted = (whole, name) => whole.replace(/<c t="(\d+)"/g, (_, time) => `<c t="${time - this.shifts.get(name)}"`);
    response.data = text.replace(/<StreamIndex [^>]*Name="([^"]*)".*?<\/StreamIndex>/gs, shifted);
    return response;
  }

  async asked(request) {
    request.url = request.url.replace(/Fragments\((\w+)=(\d+)/, (_, name, time) => `Fragments(${name}=${Number(time) + (this.shifts.get(name) ?? 0)}`);
    return request;
  }

  /** A fragment that names none behind it is the last of the program: all there is will be played. */
  failed(error) {
    if (error.code === NO_TFRF) this.isOver = true;
    else super.failed(error);
  }

  hasEnded() {
    return this.isOver && this.manifest != null && this.player.video.currentTime >= end(this.manifest) - 0.3;
  }

  /** The element's clock is the channel's media time, or that less what was taken off. */
  wallClock() {
    const { epoch, video } = this.player;
    return epoch != null && this.stream() ? epoch + (this.zero + video.currentTime) * 1000 : null;
  }
}

/** Where the last fragment that dash.js has heard of ends, in seconds: it adds those of `tfrf` to the manifest. */
function end({ Period: [period] }) {
  const media = period.AdaptationSet.filter(({ contentType }) => contentType !== 'text');
  return Math.min(...media.map(({ SegmentTemplate: { timescale, SegmentTimeline: { S } } }) => (S.at(-1).t + S.at(-1).d) / timescale));
}

/** MSS_NO_TFRF_CODE. */
const NO_TFRF = 200;
