// Plays the example's own page in headless Chromium and prints what was seen as one line of JSON.
//   node browser.mjs URL SECONDS [SHOT.png]      SECONDS count from the first picture
import { chromium } from 'playwright-core';

const [url, seconds, shot] = process.argv.slice(2);
const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required', '--disable-dev-shm-usage',
  '--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows'];
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const began = Date.now();
const browser = await chromium.launch({ executablePath, headless: true, args: flags });
const errors = [];
try {
  const page = await browser.newPage({ viewport: { width: 1360, height: 1250 } });
  page.on('console', (message) => { if (message.type() === 'error') errors.push(message.text().slice(0, 300)); });
  page.on('pageerror', (error) => errors.push(`page: ${error}`));
  page.on('request', (request) => { if (!request.url().startsWith(new URL(url).origin) && !/^(blob|data):/.test(request.url())) errors.push(`asked ${request.url()}`); });
  await page.goto(url);
  // Watches from within: what a viewer would see, ten times a second.
  await page.evaluate(() => {
    const { video } = window.headend;
    const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 36 });
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    const seen = { firstAt: null, from: 0, to: 0, longestStill: 0, pictures: new Set(), frames: 0, seeks: 0 };
    let movedAt = 0;
    video.addEventListener('seeking', () => { if (seen.firstAt) seen.seeks += 1; });
    const frame = () => { seen.frames += 1; video.requestVideoFrameCallback(frame); };
    video.requestVideoFrameCallback(frame);
    let tick = 0;
    setInterval(() => {
      const now = performance.now();
      if (video.readyState < 2) { if (seen.firstAt) seen.longestStill = Math.max(seen.longestStill, now - movedAt); return; }
      if (seen.firstAt == null) {
        if (video.currentTime === 0 && video.paused) return;
        Object.assign(seen, { firstAt: Date.now(), from: video.currentTime, to: video.currentTime });
        movedAt = now;
      }
      seen.longestStill = Math.max(seen.longestStill, now - movedAt);
      if (video.currentTime !== seen.to) { seen.to = video.currentTime; movedAt = now; }
      tick += 1;
      if (tick % 5 === 0) {
        pen.drawImage(video, 0, 0, 64, 36);
        const { data } = pen.getImageData(0, 0, 64, 36);
        let hash = 0;
        for (let n = 0; n < data.length; n += 1) hash = (Math.imul(hash, 31) + data[n]) | 0;
        seen.pictures.add(hash);
      }
    }, 100);
    window.seen = seen;
  });
  await page.waitForFunction(() => window.seen.firstAt != null, null, { timeout: 30000 });
  await page.waitForTimeout(Number(seconds) * 1000);
  const seen = await page.evaluate(() => ({
    ...window.seen,
    pictures: window.seen.pictures.size,
    stalls: window.headend.player.stalls,
    size: `${window.headend.video.videoWidth}x${window.headend.video.videoHeight}`,
    latency: (Date.now() - window.headend.player.wallClock()) / 1000,
    dropped: window.headend.video.getVideoPlaybackQuality().droppedVideoFrames,
    text: document.getElementById('source').textContent,
  }));
  if (shot) await page.screenshot({ path: shot });
  console.log(JSON.stringify({ ok: true, began, ...seen, errors }));
} catch (error) {
  console.log(JSON.stringify({ ok: false, began, why: String(error).slice(0, 500), errors }));
} finally {
  await browser.close();
}
