// A headless Chromium that notes whatever a page does wrong: console messages, refusals of its policy, failed requests
// and requests to another host.
import puppeteer from 'puppeteer-core';

const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Starts the browser. CHROMIUM names it where it is not /usr/bin/chromium. */
export const launch = (more = []) =>
  puppeteer.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', headless: true, args: [...ARGUMENTS, ...more] });

/** A page at a width and in a theme, and the list of what it does wrong. */
export async function open(browser, server, { width = 1280, height = 900, theme = 'light' } = {}) {
  const page = await browser.newPage();
  const problems = [];
  await page.setViewport({ width, height });
  await show(page, { theme });
  await page.evaluateOnNewDocument(() => {
    document.addEventListener('securitypolicyviolation', (e) => console.error(`policy: ${e.violatedDirective} refused ${e.blockedURI}`));
  });
  const note = (what) => problems.push(`${page.url()}: ${what}`);
  page.on('pageerror', (error) => note(`error: ${error.message}`));
  page.on('console', (message) => note(`console: ${message.text()}`));
  page.on('requestfailed', (request) => note(`failed: ${request.url()} ${request.failure()?.errorText}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith('data:') && new URL(url).origin !== server) note(`asked another host: ${url}`);
  });
  return { page, problems };
}

/** Changes the theme that the system wants; without motion, so that what is looked at stands still. */
export const show = (page, { theme }) => page.emulateMediaFeatures([
  { name: 'prefers-color-scheme', value: theme },
  { name: 'prefers-reduced-motion', value: 'reduce' },
]);

/** Scrolls through the page, so that what is lazy is loaded. */
export const scrollThrough = (page) => page.evaluate(async () => {
  for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight) {
    scrollTo(0, y);
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  }
  scrollTo(0, 0);
});

/** What the keyboard would act on. */
export const focused = (page) => page.evaluate(() => {
  const { activeElement: element } = document;
  return { tag: element.tagName, text: (element.textContent || element.getAttribute('aria-label') || '').trim(), id: element.id, className: element.className };
});
