// Reads the clock that the test source burns into its pictures, while the example's page plays it: how old a picture is when it is
// shown. One line of JSON.
//   node latency.mjs URL hls|dash|dashjs SECONDS      SECONDS from the first picture, of which the first ten are not judged
import { chromium } from 'playwright-core';

const [url, kind, seconds] = process.argv.slice(2);
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--autoplay-policy=no-user-gesture-required', '--disable-background-timer-throttling', '--disable-renderer-backgrounding'];
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, headless: true, args });
const errors = [];
let [page, step] = [null, 'start'];

/** Runs in the page: the number in the bar code at the top of each picture, and when it was shown. */
function watch() {
  const { video, player } = window.headend;
  const cells = 24;
  const canvas = Object.assign(document.createElement('canvas'), { width: cells * 4, height: 1 });
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  window.seen = { pictures: [], bad: 0, stalls: player.stalls };
  const look = (now) => {
    pen.drawImage(video, 0, 0, video.videoWidth, video.videoHeight / 36, 0, 0, canvas.width, 1);
    const { data } = pen.getImageData(0, 0, canvas.width, 1);
    const bits = Array.from({ length: cells }, (_, cell) => (data[(cell * 4 + 2) * 4] > 127 ? 1 : 0));
    const number = bits.slice(2, 22).reduce((sum, bit) => sum * 2 + bit, 0);
    const parity = bits.slice(2, 22).reduce((sum, bit) => sum ^ bit, 0);
    if (bits[0] === 1 && bits[1] === 0 && bits[23] === 1 && bits[22] === parity) {
      window.seen.pictures.push({ number, at: performance.timeOrigin + now });
    } else window.seen.bad += 1;
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
}

try {
  page = await browser.newPage({ viewport: { width: 1360, height: 1250 } });
  page.on('pageerror', (error) => errors.push(`page: ${error}`));
  page.on('console', (message) => { if (message.type() === 'error') errors.push(message.text().slice(0, 300)); });
  await page.goto(`${url}/?player=${kind}`);
  step = 'first picture';
  await page.waitForFunction((kind) => {
    const { video, player } = window.headend;
    return player.kind === kind && document.getElementById('veil').hidden && !video.paused && video.readyState > 2;
  }, kind, { timeout: 30000 });
  step = 'play';
  await page.evaluate(watch);
  await page.waitForTimeout(Number(seconds) * 1000);
  const seen = await page.evaluate(() => ({
    ...window.seen,
    stalls: window.headend.player.stalls - window.seen.stalls,
    epoch: window.headend.player.epoch,
  }));
  console.log(JSON.stringify({ ok: true, errors, ...seen }));
} catch (error) {
  console.log(JSON.stringify({ ok: false, errors, why: `${step}: ${error}` }));
} finally {
  await browser.close();
}
