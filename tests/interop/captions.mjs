// Plays a feed with captions in the example's page in headless Chromium, chooses a service from the page's menu, and says what stood
// on the page when, and when the picture was white.
//   node captions.mjs URL hls|dash|dashjs SERVICE SECONDS [SHOT.png]
import { chromium } from 'playwright-core';

const [url, kind, service, seconds, shot] = process.argv.slice(2);
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--autoplay-policy=no-user-gesture-required'];
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, headless: true, args });

/** Runs in the page: notes each cue of a text track that is shown, and each picture that turns white. */
function watch() {
  const { video } = window.headend;
  const canvas = Object.assign(document.createElement('canvas'), { width: 16, height: 9 });
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const seen = { cues: [], white: [] };
  let before = null;
  const frame = (_, { mediaTime }) => {
    pen.drawImage(video, 0, 0, 16, 9);
    const isWhite = pen.getImageData(8, 4, 1, 1).data[0] > 128;
    if (before && isWhite && !before.isWhite) seen.white.push({ at: mediaTime, before: before.at });
    before = { isWhite, at: mediaTime };
    video.requestVideoFrameCallback(frame);
  };
  video.requestVideoFrameCallback(frame);
  setInterval(() => {
    for (const track of video.textTracks) {
      if (track.mode !== 'showing') continue;
      for (const cue of track.activeCues ?? []) {
        if (seen.cues.some(({ text, start }) => text === cue.text && Math.abs(start - cue.startTime) < 0.5)) continue;
        seen.cues.push({ text: cue.text, start: cue.startTime, end: cue.endTime, label: track.label });
      }
    }
  }, 50);
  window.seen = seen;
}

try {
  const page = await browser.newPage({ viewport: { width: 1360, height: 1000 } });
  await page.goto(`${url}/?player=${kind}`);
  await page.waitForFunction((service) => {
    const { video } = window.headend;
    const offers = (id, text) => [...document.getElementById(id).options].some(({ value }) => value === text);
    return video.readyState > 2 && offers('caption', service) && offers('rung', '0');
  }, service, { timeout: 25000 });
  const offered = await page.evaluate(() => [...document.getElementById('caption').options].map(({ textContent }) => textContent));
  await page.selectOption('#rung', '0');
  await page.selectOption('#caption', service);
  await page.evaluate(watch);
  await page.waitForTimeout(Number(seconds) * 1000);
  await page.waitForFunction(() => [...window.headend.video.textTracks].some((track) => track.mode === 'showing' && track.activeCues?.length),
    null, { timeout: 5000 }).catch(() => {});
  if (shot) await page.screenshot({ path: shot });
  const seen = await page.evaluate(() => ({ ...window.seen, chosen: document.getElementById('caption').value, stalls: window.headend.player.stalls }));
  console.log(JSON.stringify({ ok: true, offered, ...seen }));
} catch (error) {
  console.log(JSON.stringify({ ok: false, why: String(error).slice(0, 500) }));
} finally {
  await browser.close();
}
