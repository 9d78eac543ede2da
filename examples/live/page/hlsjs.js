// hls.js, for HLS.

export class HlsJs {
  static format = 'hls';
  static scripts = ['hls.min.js'];
  /** Captions that it decodes. */
  static decodes = /^CC\d$/;

  constructor(player) {
    this.player = player;
    this.hls = null;
  }

  begin(url) {
    const { Hls } = window;
    const { player } = this;
    // Where segments come in parts, the playlist says how near to the edge to play.
    const latency = player.isLowLatency ? { lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.1 } : { lowLatencyMode: false, liveSyncDurationCount: 2 };
    const hls = new Hls({ ...latency, backBufferLength: 60 });
    this.hls = hls;
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      hls.nextLevel = player.wantsRung;
      player.start();
    });
    hls.on(Hls.Events.ERROR, (_, error) => {
      if (!error.fatal) return;
      if (error.type === Hls.ErrorTypes.MEDIA_ERROR && player.hasPlayed) hls.recoverMediaError();
      else player.again(error.details);
    });
    hls.attachMedia(player.video);
    hls.loadSource(url);
  }

  end() {
    this.hls.destroy();
  }

  rungs() {
    return this.hls.levels.map((level) => ({ height: level.height, bitrate: level.bitrate }));
  }

  setRung(position) {
    this.hls.nextLevel = position;
  }

  /** The position of the rung on screen; other players tell only of the one that they load. */
  shownRung() {
    return this.hls.currentLevel;
  }

  sounds() {
    return this.hls.audioTracks.map(({ name, lang: language, id }) => ({ name, language, isActive: id === this.hls.audioTrack }));
  }

  setSound(position) {
    this.hls.audioTrack = position;
  }

  /** A text track for each channel of CEA-608 that says something; what the manifest calls SERVICE1 is CC1 to hls.js. Those
   *  that dash.js left behind are empty. */
  captions() {
    const isOurs = ({ kind, isEmbedded, cues }) => kind === 'captions' && !(isEmbedded && !cues?.length);
    const tracks = [...this.player.video.textTracks].filter(isOurs);
    return tracks.map((track) => ({ label: track.label.replace('SERVICE', 'CC'), isActive: track.mode === 'showing', track }));
  }

  showCaptions(name) {
    for (const { label, track } of this.captions()) track.mode = label === name ? 'showing' : 'hidden';
  }

  window() {
    const { seekable } = this.player.video;
    if (seekable.length === 0) return null;
    return { start: seekable.start(0), edge: this.hls.latestLevelDetails?.live ? this.hls.liveSyncPosition : null };
  }

  wallClock() {
    return this.hls.playingDate?.getTime() ?? null;
  }
}
