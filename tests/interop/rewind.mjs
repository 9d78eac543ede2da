// Watches the example's page in headless Chromium: live, then back in the window, then live again; then the program is stopped, and
// the player goes on to its end, and once more on demand. One line of JSON.
//   node rewind.mjs URL hls|dash|dashjs|smooth SECONDS [live]      SECONDS of live from the first picture; live only
import { chromium } from 'playwright-core';

const [url, kind, seconds, isLiveOnly] = process.argv.slice(2);
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--autoplay-policy=no-user-gesture-required', '--disable-background-timer-throttling', '--disable-renderer-backgrounding'];
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, headless: true, args });
const errors = [];
let [page, step] = [null, 'start'];

/** Runs in the page: ten times a second, which instant of the world is shown. */
function watch() {
  const { video, player } = window.headend;
  window.seen = [];
  setInterval(() => {
    const { currentTime: time, playbackRate: rate } = video;
    if (player.kind) window.seen.push({ at: performance.now() / 1000, time, rate, wall: player.wallClock() / 1000, stalls: player.stalls });
  }, 100);
}

/** What was seen since `from`: how far it came, its longest stand, how much its pace was off, and by how much the clock jumped: the
 *  world's, or the element's own on demand, where DASH players know no other. */
function told(from, all, isOnDemand) {
  const seen = all.slice(from).map((one) => (isOnDemand ? { ...one, wall: one.time } : one)).filter(({ wall }) => wall > 0);
  const [first, last] = [seen[0], seen.at(-1)];
  let [still, since, jump] = [0, first.at, 0];
  seen.forEach((now, n) => {
    const before = seen[Math.max(0, n - 1)];
    if (Math.abs(now.wall - before.wall) > 0.001) since = now.at;
    still = Math.max(still, now.at - since);
    jump = Math.max(jump, Math.abs(now.wall - before.wall) - (now.at - before.at));
  });
  const hurry = Math.max(...seen.map(({ rate }) => Math.abs(rate - 1)));
  return { took: last.at - first.at, hurry, played: last.wall - first.wall, still, jump, from: first.wall, to: last.wall, stalls: last.stalls - first.stalls };
}

try {
  page = await browser.newPage({ viewport: { width: 1360, height: 1250 } });
  page.on('pageerror', (error) => errors.push(`page: ${error}`));
  page.on('console', (message) => { if (message.type() === 'error') errors.push(message.text().slice(0, 300)); });
  await page.goto(`${url}/?player=${kind}`);
  const plays = () => page.waitForFunction((kind) => {
    const { video, player } = window.headend;
    return player.kind === kind && document.getElementById('veil').hidden && !video.paused && !video.seeking && video.readyState > 2;
  }, kind, { timeout: 20000 });
  const count = () => page.evaluate(() => window.seen.length);
  const since = async (from, isOnDemand = false) => told(from, await page.evaluate(() => window.seen), isOnDemand);
  const wait = (most) => page.waitForTimeout(most * 1000);
  page.setDefaultTimeout(8000);
  const seen = {};
  /** The program is stopped, and played to its end, and once more on demand. */
  const toTheEnd = async () => {
    step = 'the end';
    let from = await count();
    await page.click('#stop:enabled');
    await page.waitForFunction(() => document.getElementById('veil').textContent === 'Off air', null, { timeout: 30000 });
    seen.end = await since(from);
    step = 'on demand';
    from = await count();
    await page.click('#replay:enabled');
    await plays();
    await wait(1);
    seen.began = await since(from, true);
    seen.duration = await page.evaluate(() => window.headend.video.duration);
    await page.evaluate((time) => { window.headend.video.currentTime = time; }, seen.duration - 4);
    await plays();
    from = await count();
    await page.waitForFunction(() => document.getElementById('veil').textContent === 'Off air', null, { timeout: 15000 });
    seen.ended = await since(from, true);
  };
  await plays();
  await page.evaluate(watch);
  step = 'live';
  await wait(Number(seconds));
  seen.live = await since(0);
  step = 'back';
  seen.window = await page.evaluate(() => ({ now: window.headend.video.currentTime, ...window.headend.player.window() }));
  await page.click('#back:enabled');
  await plays();
  let from = await count();
  await wait(3);
  seen.back = await since(from);
  step = 'live again';
  await page.click('#live:enabled');
  await plays();
  from = await count();
  await wait(2);
  seen.again = await since(from);
  seen.rungs = await page.evaluate(() => window.headend.player.rungs().length);
  if (!isLiveOnly) await toTheEnd();
  console.log(JSON.stringify({ ok: true, ...seen, errors }));
} catch (error) {
  const state = await page.evaluate(() => {
    const { player, video } = window.headend;
    const { currentTime, readyState, paused, ended } = video;
    return JSON.stringify({ ...player.window(), behind: player.behind(), currentTime, readyState, paused, ended, veil: document.getElementById('veil').textContent });
  }).catch(String);
  console.log(JSON.stringify({ ok: false, why: `${step}: ${String(error).slice(0, 300)} ${state} ${errors}` }));
} finally {
  await browser.close();
}
