// Plays a pass-through channel in the page's own players and goes from rung to rung; one line of JSON.
//   node levels.mjs URL hls|dash|dashjs RUNGS [SHOT.png]
import { chromium } from 'playwright-core';

const [url, kind, rungs, shot] = process.argv.slice(2);
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--autoplay-policy=no-user-gesture-required', '--disable-background-timer-throttling', '--disable-renderer-backgrounding'];
const browser = await chromium.launch({ executablePath, headless: true, args });
const errors = [];
try {
  const page = await browser.newPage({ viewport: { width: 1360, height: 1250 } });
  page.on('pageerror', (error) => errors.push(`page: ${error}`));
  page.on('console', (message) => { if (message.type() === 'error') errors.push(message.text().slice(0, 300)); });
  await page.goto(`${url}/?player=${kind}`);
  await page.waitForFunction((count) => {
    const { video, player } = window.headend;
    return document.getElementById('veil').hidden && video.readyState > 2 && player.rungs().length === count;
  }, Number(rungs), { timeout: 25000 });
  const offered = await page.evaluate(() => window.headend.player.rungs());
  const began = await page.evaluate(() => window.headend.video.currentTime);
  const started = Date.now();
  const shown = [];
  // The smallest, then the largest; every one of them is to show itself.
  for (const position of [0, Number(rungs) - 1]) {
    await page.evaluate((position) => window.headend.player.setRung(position), position);
    const { height } = offered[position];
    await page.waitForFunction((height) => window.headend.video.videoHeight === height, height, { timeout: 12000 });
    shown.push(height);
  }
  await page.waitForTimeout(2000);
  if (shot) await page.screenshot({ path: shot, fullPage: true });
  const seen = await page.evaluate(() => ({
    at: window.headend.video.currentTime,
    stalls: window.headend.player.stalls,
    kind: window.headend.player.kind,
    source: document.getElementById('source').textContent,
    rows: document.querySelectorAll('#rungs tr').length,
    tracks: document.querySelectorAll('.session tbody tr').length,
  }));
  console.log(JSON.stringify({ ok: true, ...seen, offered, shown, played: seen.at - began, took: (Date.now() - started) / 1000, errors }));
} catch (error) {
  console.log(JSON.stringify({ ok: false, why: String(error).slice(0, 500), errors }));
} finally {
  await browser.close();
}
