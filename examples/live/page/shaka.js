// Shaka Player, for DASH.

export class Shaka {
  static format = 'dash';
  static scripts = ['shaka-player.dash-es2021.js'];
  /** Captions that it decodes: CEA-708, too. */
  static decodes = /^(CC|SERVICE)\d+$/;

  constructor(player) {
    this.player = player;
    this.shaka = null;
  }

  async begin(url) {
    const { shaka } = window;
    const { player } = this;
    const { generation } = player;
    shaka.polyfill.installAll();
    this.shaka = new shaka.Player();
    this.shaka.addEventListener('error', ({ detail }) => {
      if (detail.severity === shaka.util.Error.Severity.CRITICAL) player.again(`Shaka error ${detail.code}`);
    });
    // The manifest says how far behind to play, and at which pace to come there; where `liveSync` is on, nothing is caught up with.
    const liveSync = { enabled: false, maxPlaybackRate: 1 };
    this.shaka.configure({ streaming: { bufferBehind: 60, lowLatencyMode: player.isLowLatency, liveSync } });
    try {
      await this.shaka.attach(player.video);
      await this.shaka.load(url);
      if (generation === player.generation) {
        this.setRung(player.wantsRung);
        player.start();
      }
    } catch (error) {
      if (generation === player.generation) player.again(`Shaka error ${error.code ?? error}`);
    }
  }

  end() {
    return this.shaka.destroy();
  }

  rungs() {
    return this.tracks().map((track) => ({ height: track.height, bitrate: track.bandwidth }));
  }

  /** One for each rung, with the sound that plays. */
  tracks() {
    const all = this.shaka.getVariantTracks();
    const active = all.find((track) => track.active) ?? all[0];
    return all.filter((track) => track.audioId === active.audioId).sort((a, b) => a.bandwidth - b.bandwidth);
  }

  setRung(position) {
    this.shaka.configure({ abr: { enabled: position < 0 } });
    const track = this.tracks()[position];
    // What plays in the next moment stays, or the picture would stand still until the other rung is there.
    if (track) this.shaka.selectVariantTrack(track, true, 2);
  }

  sounds() {
    return this.shaka.getAudioTracks().map(({ language, label: name, active: isActive }) => ({ language, name, isActive }));
  }

  setSound(position) {
    const track = this.shaka.getAudioTracks()[position];
    if (track) this.shaka.selectAudioTrack(track);
  }

  captions() {
    const tracks = this.shaka.getTextTracks().filter(({ originalTextId }) => /^(CC|svc)\d/.test(originalTextId));
    return tracks.map((track) => ({ label: track.originalTextId.replace('svc', 'SERVICE'), isActive: track.active, track }));
  }

  showCaptions(name) {
    this.shaka.selectTextTrack(this.captions().find(({ label }) => label === name)?.track ?? null);
  }

  /** It would play faster until it is at the edge again, from wherever the viewer went. */
  moved() {
    this.shaka.configure('streaming.liveSync.enabled', this.player.behind() > this.player.near);
  }

  window() {
    const { start, end } = this.shaka.seekRange();
    return { start, edge: this.shaka.isLive() ? end - this.latency() : null };
  }

  /** How far behind the manifest wants to be played, in seconds; 0 where it does not say. */
  latency() {
    return this.shaka.getManifest()?.serviceDescription?.targetLatency ?? 0;
  }

  wallClock() {
    // On demand it counts from 1970.
    const shown = this.shaka.getPlayheadTimeAsDate?.()?.getTime() ?? null;
    return shown > 1e12 ? shown : null;
  }
}
