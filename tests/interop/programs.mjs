// Makes a program by the example's page in headless Chromium, takes its locator away and gives it back, stops it, plays it on demand,
// and deletes it. One line of JSON.
//   node programs.mjs URL
import { chromium } from 'playwright-core';

const [url] = process.argv.slice(2);
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--autoplay-policy=no-user-gesture-required'];
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, headless: true, args });
const errors = [];
let [page, step] = [null, 'start'];
try {
  page = await browser.newPage({ viewport: { width: 1360, height: 1400 } });
  page.setDefaultTimeout(12000);
  page.on('pageerror', (error) => errors.push(`page: ${error}`));
  await page.goto(url);
  const channel = () => page.evaluate(async () => (await (await fetch('/api/channels')).json())[0]);
  const status = (manifest) => page.evaluate(async (at) => (await fetch(at, { cache: 'no-store' })).status, manifest);
  const plays = () => page.waitForFunction(() => {
    const { video } = window.headend;
    return document.getElementById('veil').hidden && !video.paused && video.readyState > 2;
  }, null, { timeout: 20000 });
  await plays();
  const before = await channel();

  step = 'start by the form';
  await page.fill('#program-window', '4');
  await page.click('#new-program [value=start]');
  // The form itself knows the shortest window; the server has the last word.
  const isRefused = await page.evaluate(() => document.getElementById('program-window').matches(':invalid'));
  if (!isRefused) throw new Error('four minutes were taken');
  await page.fill('#program-window', '6');
  await page.fill('#program-rewind', '2');
  await page.click('#new-program [value=start]');
  const id = String(Math.max(0, ...before.programs.map((program) => program.id)) + 1);
  const row = `.program[data-id="${id}"]`;
  const badge = (text) => page.waitForFunction(([at, text]) => document.querySelector(`${at} .badge`)?.textContent === text, [row, text]);
  await badge('Running');
  const program = async () => (await channel()).programs.find((one) => String(one.id) === id);
  const made = await program();

  step = 'watched';
  await page.click(`${row} [data-act=watch]:enabled`);
  await page.waitForFunction((wanted) => window.headend.player.url === wanted, made.playback.hls);
  await plays();

  step = 'unpublished and published';
  const codes = [await status(made.playback.hls)];
  await page.click(`${row} [data-act=unpublish]`);
  await page.waitForFunction((at) => document.querySelector(`${at} .links`).textContent === 'not published', row);
  codes.push(await status(made.playback.hls));
  await page.waitForFunction(() => document.getElementById('veil').textContent === 'Not published');
  await page.click(`${row} [data-act=publish]`);
  await page.waitForFunction(([at, wanted]) => document.querySelector(`${at} .links a`)?.href === wanted, [row, made.playback.hls]);
  codes.push(await status(made.playback.hls));
  await plays();

  step = 'stopped, then on demand';
  await page.click(`${row} [data-act=stop]`);
  await badge('On demand');
  await page.click(`${row} [data-act=watch]`);
  await page.waitForFunction(() => window.headend.player.url !== null && !document.querySelector('.program[data-watched]'));
  await page.click(`${row} [data-act=watch]`);
  await page.waitForFunction((wanted) => window.headend.player.url === wanted, made.playback.hls);
  await plays();
  const shown = await page.evaluate(() => ({ time: window.headend.video.currentTime, duration: window.headend.video.duration }));
  const over = await program();

  step = 'deleted';
  await page.click(`${row} [data-act=delete]`);
  await page.waitForTimeout(300);
  const isAsked = await page.isVisible(`${row} [data-asks]`);
  await page.click(`${row} [data-act=delete]`);
  await page.waitForFunction((at) => document.querySelector(at) === null, row);
  const after = await channel();
  console.log(JSON.stringify({ ok: true, made, codes, shown, over, isAsked, before: before.programs.map((one) => one.id),
    after: after.programs.map((one) => one.id), own: [before.asset, after.asset], errors }));
} catch (error) {
  const rows = await page.evaluate(() => [document.getElementById('programs').innerText, document.getElementById('program-refusal').textContent,
    document.getElementById('veil').textContent]).catch(String);
  console.log(JSON.stringify({ ok: false, why: `${step}: ${String(error).slice(0, 300)} ${rows} ${errors}` }));
} finally {
  await browser.close();
}
