// Presses the buttons of the example's page in headless Chromium and waits for what they do.
//   node buttons.mjs URL
import { chromium } from 'playwright-core';

const [url] = process.argv.slice(2);
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--autoplay-policy=no-user-gesture-required'];
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, headless: true, args });
try {
  const page = await browser.newPage({ viewport: { width: 1360, height: 1000 } });
  await page.goto(url);
  const shows = (id, text) => page.waitForFunction(
    ([id, text]) => document.getElementById(id).textContent.includes(text), [id, text], { timeout: 12000 });
  const plays = () => page.waitForFunction(() => {
    const { video } = window.headend;
    return document.getElementById('veil').hidden && !video.paused && !video.ended && video.readyState > 2;
  }, null, { timeout: 20000 });
  await plays();
  await page.fill('#slate-duration', '');
  await page.click('text=Show slate');
  await shows('source', 'Slate, by the operator');
  await page.click('#hide:enabled');
  await page.waitForFunction(() => !document.getElementById('source').textContent.includes('operator'), null, { timeout: 5000 });
  await page.click('text=Start break');
  await shows('source', 'in an ad break');
  await page.click('#end-break:enabled');
  await shows('events', 'ended by a cue');
  const [{ programs: [program] }] = await page.evaluate(async () => (await fetch('/api/channels')).json());
  await page.click('#stop:enabled');
  await shows('state', 'Stopped');
  await page.click('#start:enabled');
  await shows('state', 'Streaming');
  await plays();
  const first = await page.evaluate(() => window.headend.player.url);
  await page.click('#reset:enabled');
  await page.waitForFunction((first) => window.headend.player.url !== first, first, { timeout: 20000 });
  await plays();
  for (const kind of ['dash', 'dashjs', 'smooth', 'hls']) {
    await page.click(`[value=${kind}] + span`);
    await page.waitForFunction((kind) => window.headend.player.kind === kind && window.headend.player.engine, kind, { timeout: 5000 });
    await plays();
  }
  const said = await page.evaluate(() => document.getElementById('events').textContent);
  for (const event of [`program ${program.id} stopped`, 'Reset succeeded', 'billing began']) {
    if (!said.includes(event)) throw new Error(`the list of events has no "${event}"`);
  }
  console.log(JSON.stringify({ ok: true }));
} catch (error) {
  console.log(JSON.stringify({ ok: false, why: String(error).slice(0, 500) }));
} finally {
  await browser.close();
}
