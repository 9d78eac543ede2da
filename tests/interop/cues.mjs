// Starts an ad break with a slate while the example's page plays in headless Chromium, and says when the player heard of it, for
// which time, and which picture was the slate's first.
//   node cues.mjs URL hls|dash|dashjs
import { chromium } from 'playwright-core';

const [url, kind] = process.argv.slice(2);
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--autoplay-policy=no-user-gesture-required'];
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, headless: true, args });

/** Runs in the page from its start: notes every picture, and every cue that the player tells of. */
function watch() {
  const { video, player } = window.headend ?? {};
  if (!player?.engine) {
    setTimeout(watch, 5);
    return;
  }
  const canvas = Object.assign(document.createElement('canvas'), { width: 16, height: 9 });
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const seen = { frames: [], told: [], entered: [] };
  const frame = (_, { mediaTime }) => {
    pen.drawImage(video, 0, 0, 16, 9);
    seen.frames.push({ at: mediaTime, looks: [...pen.getImageData(0, 0, 16, 9).data] });
    video.requestVideoFrameCallback(frame);
  };
  video.requestVideoFrameCallback(frame);
  const now = (what, start) => ({ what, start, at: video.currentTime, frame: seen.frames.at(-1)?.at ?? null });
  const tell = (what, start) => seen.told.push(now(what, start));
  const enter = (what, start) => seen.entered.push(now(what, start));
  const { hls, shaka, dash } = player.engine;
  if (hls) {
    const known = new Set();
    setInterval(() => {
      for (const track of video.textTracks) {
        if (track.kind !== 'metadata') continue;
        track.mode = 'hidden';
        for (const cue of track.cues ?? []) {
          const what = cue.value?.key;
          if (known.has(cue) || !String(what).startsWith('SCTE35')) continue;
          known.add(cue);
          tell(what, cue.startTime);
          cue.onenter = () => enter(what, cue.startTime);
        }
      }
    }, 20);
  } else if (shaka) {
    shaka.addEventListener('timelineregionadded', ({ detail }) => tell(detail.schemeIdUri, detail.startTime));
    shaka.addEventListener('timelineregionenter', ({ detail }) => enter(detail.schemeIdUri, detail.startTime));
    // Told of when its time comes.
    shaka.addEventListener('emsg', ({ detail }) => {
      tell(detail.schemeIdUri, detail.startTime);
      enter(detail.schemeIdUri, detail.startTime);
    });
  } else {
    const { EVENT_MODE_ON_RECEIVE: received, EVENT_MODE_ON_START: started } = window.dashjs.MediaPlayer.events;
    for (const [mode, note] of [[received, tell], [started, enter]]) {
      for (const scheme of ['urn:scte:scte35:2014:xml+bin', 'urn:scte:scte35:2013:bin']) {
        dash.on(scheme, ({ event }) => note(scheme, event.calculatedPresentationTime), null, { mode });
      }
    }
  }
  window.seen = seen;
}

try {
  const page = await browser.newPage({ viewport: { width: 1360, height: 1000 } });
  const plays = () => page.waitForFunction(() => {
    const { video } = window.headend;
    return document.getElementById('veil').hidden && !video.paused && video.readyState > 2 && video.currentTime > 0;
  }, null, { timeout: 20000 });
  await page.addInitScript(`${watch}; watch();`);
  await page.goto(`${url}/?player=${kind}`);
  await plays();
  // What was on air before is behind the player when the break comes to it.
  await page.waitForTimeout(8000);
  const id = 100 + Math.floor(Math.random() * 1e6);
  const breaks = await page.evaluate(async (id) => {
    const [{ name }] = await (await fetch('/api/channels')).json();
    const breaks = `/api/channels/${name}/ad-breaks`;
    await fetch(breaks, { method: 'POST', body: JSON.stringify({ cue_id: id, duration: 24, show_slate: true }) });
    return breaks;
  }, id);
  // The last picture is the slate's once two seconds of it were played.
  const slate = () => {
    const { frames } = window.seen;
    const last = frames.at(-1);
    const isLike = (frame) => frame.looks.every((value, n) => Math.abs(value - last.looks[n]) < 12);
    const first = frames.findLastIndex((frame) => !isLike(frame)) + 1;
    return first > 0 && last.at - frames[first].at > 2 ? { at: frames[first].at, before: frames[first - 1].at } : null;
  };
  const first = await (await page.waitForFunction(slate, null, { timeout: 25000 })).jsonValue();
  const { told, entered } = await page.evaluate(() => ({ told: window.seen.told, entered: window.seen.entered }));
  // Whoever comes now is told of the break that runs.
  await page.reload();
  await plays();
  const hears = () => window.seen.told.some(({ start, at }) => start < at) || window.seen.entered.length > 0;
  const late = await page.waitForFunction(hears, null, { timeout: 8000 }).then(() => true, () => false);
  await page.evaluate((breaks) => fetch(breaks, { method: 'DELETE' }), `${breaks}/${id}`);
  console.log(JSON.stringify({ ok: true, first, told, entered, late }));
} catch (error) {
  console.log(JSON.stringify({ ok: false, why: String(error).slice(0, 500) }));
} finally {
  await browser.close();
}
