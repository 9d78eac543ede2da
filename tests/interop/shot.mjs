// Takes the picture of the page for the README.
//   node shot.mjs URL FILE.png [WIDTH HEIGHT [full]]
import { chromium } from 'playwright-core';

const [url, file, width = '1360', height = '900', full] = process.argv.slice(2);
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const args = ['--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required', '--disable-background-networking'];
const browser = await chromium.launch({ executablePath, headless: true, args });
try {
  const page = await browser.newPage({ viewport: { width: Number(width), height: Number(height) } });
  await page.goto(url);
  await page.waitForFunction(() => window.headend?.video.currentTime > 0 && document.getElementById('veil').hidden, null, { timeout: 30000 });
  await page.waitForTimeout(6000);
  await page.screenshot({ path: file, fullPage: full === 'full' });
} finally {
  await browser.close();
}
