// dash.js, for DASH.

export class DashJs {
  static format = 'dash';
  static scripts = ['dash.mediaplayer.min.js'];
  /** Captions that it decodes: one service of each field. */
  static decodes = /^CC[13]$/;

  constructor(player) {
    this.player = player;
    this.dash = null;
    /** The world's clock at zero of the element's, in milliseconds, as it was live. */
    this.live = null;
    /** How it catches up with the edge, unless told otherwise. */
    this.catchup = null;
    /** It came to the end of what there is; the element may believe that something follows. */
    this.isThrough = false;
  }

  begin(url) {
    const { dashjs } = window;
    const { player } = this;
    const { events } = dashjs.MediaPlayer;
    const dash = dashjs.MediaPlayer().create();
    this.dash = dash;
    dash.initialize();
    const { maxDrift, liveThreshold } = dash.getSettings().streaming.liveCatchup;
    this.catchup = { maxDrift, liveThreshold };
    dash.updateSettings({
      streaming: {
        buffer: { bufferToKeep: 60 },
        // How often it looks for events that are due: a frame of 60 a second is 16.7 ms.
        events: { eventControllerRefreshDelay: 10 },
        text: { defaultEnabled: false },
        // What was chosen on another day is not chosen now.
        lastBitrateCachingInfo: { enabled: false },
        lastMediaSettingsCachingInfo: { enabled: false },
      },
    });
    // Its own source of time is a server on the internet; the manifest's Date header is one, too.
    dash.clearDefaultUTCTimingSources();
    dash.on(events.ERROR, ({ error }) => this.failed(error));
    dash.on(events.PLAYBACK_ERROR, ({ error }) => player.again(`media error ${error?.code}`));
    dash.on(events.PLAYBACK_ENDED, () => { this.isThrough = true; });
    dash.on(events.PLAYBACK_PLAYING, () => { this.isThrough = false; });
    dash.on(events.PLAYBACK_NOT_ALLOWED, () => player.say('Press play'));
    dash.on(events.STREAM_INITIALIZED, () => this.setRung(player.wantsRung));
    // It plays by itself: `play()` of the element before dash.js listens would leave it believing that it is paused.
    dash.setAutoPlay(true);
    dash.attachView(player.video);
    dash.attachSource(url);
  }

  /** It would play faster until it is at the edge again, or jump there, from wherever the viewer went. Who fell behind wants that. */
  moved() {
    const { near } = this.player;
    const liveCatchup = this.player.behind() > near ? { maxDrift: 0, liveThreshold: near } : this.catchup;
    this.dash.updateSettings({ streaming: { liveCatchup } });
  }

  failed({ code }) {
    if (!HARMLESS.includes(code)) this.player.again(`dash.js error ${code}`);
  }

  hasEnded() {
    return this.isThrough;
  }

  end() {
    this.dash.destroy();
  }

  rungs() {
    return this.representations().map(({ height, bandwidth }) => ({ height, bitrate: bandwidth }));
  }

  representations() {
    const all = this.stream() ? this.dash.getRepresentationsByType('video') : [];
    return all.sort((a, b) => a.bandwidth - b.bandwidth);
  }

  /** What plays; null until the manifest is there. */
  stream() {
    try {
      return this.dash.getActiveStream();
    } catch {
      return null;
    }
  }

  setRung(position) {
    this.dash.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: position < 0 } } } });
    const rung = this.representations()[position];
    if (rung) this.dash.setRepresentationForTypeById('video', rung.id);
  }

  sounds() {
    if (!this.stream()) return [];
    const active = this.dash.getCurrentTrackFor('audio');
    const name = ({ labels }) => labels?.[0]?.text;
    return this.audio().map((track) => ({ language: track.lang, name: name(track), isActive: track.index === active?.index }));
  }

  audio() {
    return this.stream() ? this.dash.getTracksFor('audio') : [];
  }

  setSound(position) {
    const track = this.audio()[position];
    if (track) this.dash.setCurrentTrack(track);
  }

  captions() {
    const shown = this.stream() ? this.dash.getCurrentTextTrackIndex() : -1;
    return this.texts().map(({ id }, position) => ({ label: id, isActive: position === shown }));
  }

  /** Its text tracks, in the order by which it counts them. */
  texts() {
    return this.stream() ? this.dash.getTracksFor('text').sort((a, b) => a.index - b.index) : [];
  }

  showCaptions(name) {
    if (this.stream()) this.dash.setTextTrack(this.texts().findIndex(({ id }) => id === name));
  }

  window() {
    const shown = this.stream() && this.dash.getDvrWindow();
    if (!shown) return null;
    return { start: shown.start, edge: this.dash.isDynamic() ? shown.end - this.dash.getTargetLiveDelay() : null };
  }

  /** What is over has no date of its own: a viewer who stays until then goes on in that of the live program. */
  wallClock() {
    if (!this.stream()) return null;
    const now = this.player.video.currentTime * 1000;
    const date = this.dash.isDynamic() ? this.dash.timeAsUTC() * 1000 : NaN;
    if (date) this.live = date - now;
    return this.live === null ? null : this.live + now;
  }
}

/** TIME_SYNC_FAILED_ERROR_CODE, TIMED_TEXT_ERROR_ID_PARSE_CODE: the picture goes on. */
const HARMLESS = [16, 33];
