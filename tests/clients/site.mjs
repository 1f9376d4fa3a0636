// The static site in a real browser, shown by a running Bellwether with its demo data.
//
//   node site.mjs http://127.0.0.1:8080 [folder for screenshots]
//
// Every page of the sitemap: nothing on the console, nothing from another host, nothing that axe finds in either theme,
// nothing that scrolls sideways on a narrow screen. The landing page's weight. The menu, the theme switch, the pricing
// interval and the help search by keyboard alone. The forms, posted and found by those who may read them. The calls to action,
// held against docs/alignment-matrix.md. Comparisons on a phone. What machines are told. Motion and paper.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { run, serverFromArguments } from './lib.mjs';
import { focused, launch, open, scrollThrough, show } from './site/browser.mjs';
import { wrongCalls } from './site/calls.mjs';
import { formChecks } from './site/forms.mjs';
import { offers, wellKnown, wrongHeads } from './site/machines.mjs';

const server = serverFromArguments('site');
const screenshots = process.argv[3];
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const HEAVIEST_LANDING = 150 * 1024;
const WIDTHS = [320, 768, 1280];
const SHOWN = ['/', '/es/', '/pricing/', '/es/pricing/', '/help/', '/help/follow-live/', '/legal/terms/', '/contact/', '/waitlist/', '/status/', '/changelog/'];

const sitemap = await (await fetch(`${server}/sitemap.xml`)).text();
const pages = [...sitemap.matchAll(/<loc>([^<]+)<\/loc>/g)].map(([, url]) => new URL(url).pathname);
const browser = await launch();

/** What axe says of the page as it is now. */
async function violations(page) {
  await page.evaluate(`if (!window.axe) { ${axe} }`);
  const found = await page.evaluate(async () => (await window.axe.run(document)).violations);
  return found.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`);
}

/** How far the page can be scrolled sideways. */
const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

async function eachPage() {
  const { page, problems } = await open(browser, server);
  const wrong = [];
  for (const path of pages) {
    await page.setViewport({ width: 1280, height: 900 });
    await show(page, { theme: 'light' });
    const answer = await page.goto(server + path, { waitUntil: 'load' });
    await page.evaluate(() => document.fonts.ready.then(() => true));
    if (answer.status() !== 200) wrong.push(`${path}: ${answer.status()}`);
    for (const theme of ['light', 'dark']) {
      await show(page, { theme });
      wrong.push(...(await violations(page)).map((violation) => `${path} in ${theme}: ${violation}`));
    }
    for (const width of [320, 768]) {
      await page.setViewport({ width, height: 900 });
      const by = await sideways(page);
      if (by > 0) wrong.push(`${path} scrolls sideways by ${by} px at ${width}`);
    }
  }
  await page.close();
  assert.deepEqual([...wrong, ...problems], []);
}

async function notFound() {
  for (const [path, lang, home] of [['/nowhere', 'en', '/'], ['/help/nowhere/', 'en', '/'], ['/es/nowhere', 'es', '/es/'], ['/es/help/nowhere/', 'es', '/es/']]) {
    const { page, problems } = await open(browser, server);
    const answer = await page.goto(server + path, { waitUntil: 'load' });
    assert.equal(answer.status(), 404);
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(await page.evaluate(() => [document.documentElement.lang, document.querySelector('.tools .languages [aria-current]').lang]), [lang, lang], path);
    await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.click('main a')]);
    assert.equal(new URL(page.url()).pathname, home);
    await page.close();
    // The page itself is the 404 that Chromium tells of.
    assert.deepEqual(problems.filter((problem) => !problem.includes('status of 404')), []);
  }
}

async function landingIsLight(width) {
  const { page, problems } = await open(browser, server, { width, height: 823 });
  const devtools = await page.createCDPSession();
  await devtools.send('Network.enable');
  await page.setCacheEnabled(false);
  let bytes = 0;
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
  await page.goto(`${server}/`, { waitUntil: 'load' });
  await scrollThrough(page);
  await page.waitForNetworkIdle({ idleTime: 300 });
  await page.close();
  console.log(`          the landing page weighs ${(bytes / 1024).toFixed(1)} KB at ${width}`);
  assert.ok(bytes > 20_000 && bytes < HEAVIEST_LANDING, `${bytes} bytes`);
  assert.deepEqual(problems, []);
}

/** Presses Tab until what is focused is what is looked for. */
async function tabTo(page, what, is) {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    const element = await focused(page);
    if (is(element)) {
      const outline = await page.evaluate(() => {
        const shown = document.activeElement.matches('.interval input') ? document.activeElement.nextElementSibling : document.activeElement;
        return getComputedStyle(shown).outlineStyle;
      });
      assert.notEqual(outline, 'none', `the focus on ${what} is not seen`);
      return element;
    }
  }
  throw new Error(`Tab does not reach ${what}`);
}

async function keyboardMenu() {
  const { page, problems } = await open(browser, server, { width: 360, height: 740 });
  await page.goto(`${server}/`, { waitUntil: 'load' });
  assert.match((await tabTo(page, 'the skip link', ({ tag }) => tag === 'A')).className, /skip/);
  await tabTo(page, 'the menu', ({ tag }) => tag === 'SUMMARY');
  await page.keyboard.press('Enter');
  await tabTo(page, 'an entry of the menu', ({ text }) => text === 'Help');
  await page.keyboard.press('Escape');
  assert.equal((await focused(page)).tag, 'SUMMARY');
  assert.equal(await page.$eval('.menu', (menu) => menu.open), false);
  await page.keyboard.press('Enter');
  await tabTo(page, 'the prices in the menu', ({ text }) => text === 'Pricing');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  assert.equal(new URL(page.url()).pathname, '/pricing/');
  await page.close();
  assert.deepEqual(problems, []);
}

async function keyboardTheme() {
  const { page, problems } = await open(browser, server);
  await page.goto(`${server}/`, { waitUntil: 'load' });
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await paper();
  await tabTo(page, 'the theme switch', ({ className }) => /theme-switch/.test(className));
  await page.keyboard.press('Space');
  const dark = await paper();
  assert.notEqual(dark, light);
  assert.equal(await page.$eval('.theme-switch', (button) => button.getAttribute('aria-pressed')), 'true');
  await page.goto(`${server}/es/pricing/`, { waitUntil: 'load' });
  assert.equal(await paper(), dark, 'the choice is kept');
  assert.deepEqual(await violations(page), []);
  await page.evaluate(() => localStorage.clear());
  await page.close();
  assert.deepEqual(problems, []);
}

async function keyboardInterval() {
  for (const script of [true, false]) {
    const { page, problems } = await open(browser, server);
    await page.setJavaScriptEnabled(script);
    await page.goto(`${server}/pricing/`, { waitUntil: 'load' });
    const price = () => page.$$eval('.plans .price', (all) => all.filter((e) => getComputedStyle(e).display !== 'none').map((e) => e.textContent.trim().split(' ')[0]));
    assert.deepEqual(await price(), ['$0', '$29', '$99', '$299']);
    await tabTo(page, 'the interval', ({ id }) => id === 'interval-monthly');
    await page.keyboard.press('ArrowRight');
    assert.deepEqual(await price(), ['$0', '$23.20', '$79.20', '$239.20'], `with script: ${script}`);
    await page.close();
    assert.deepEqual(problems, []);
  }
}

async function keyboardSearch() {
  for (const [path, words, expected] of [['/help/', 'postgres', /PostgreSQL/], ['/es/help/', 'senal vez', /señal existe una vez/]]) {
    const { page, problems } = await open(browser, server);
    await page.goto(server + path, { waitUntil: 'load' });
    await tabTo(page, 'the search', ({ id }) => id === 'search');
    await page.keyboard.type(words);
    const found = await page.$$eval('.found-list a', (links) => links.map((link) => link.textContent));
    assert.ok(found.some((title) => expected.test(title)), `${found}`);
    assert.deepEqual(await violations(page), []);
    await page.keyboard.type(' zzzz');
    assert.equal(await page.$$eval('.found-list a', (links) => links.length), 0);
    assert.ok((await page.$eval('.found-said', (said) => said.textContent)).length > 20);
    await page.click('#search', { count: 3 });
    await page.keyboard.type('a');
    const [said, listed] = await page.$eval('.found', (place) => [place.querySelector('.found-said').textContent, place.querySelectorAll('a').length]);
    assert.ok(listed > 12 && Number.parseInt(said, 10) === listed, `${listed} are listed, and it says: ${said}`);
    await page.click('#search', { count: 3 });
    await page.keyboard.press('Backspace');
    assert.deepEqual(await page.$eval('#search-said', (status) => [status.textContent, document.querySelector('.found').hidden]), ['', true]);
    await page.close();
    assert.deepEqual(problems, []);
  }
}

/** On a phone no comparison is scrolled sideways, and ours is the first of each row. */
async function comparisonsFit() {
  const { page, problems } = await open(browser, server, { width: 320, height: 740 });
  for (const path of ['/', '/es/', '/pricing/', '/es/pricing/']) {
    await page.goto(server + path, { waitUntil: 'load' });
    const by = await page.$$eval('.scroll', (all) => all.map((scroll) => scroll.scrollWidth - scroll.clientWidth));
    assert.ok(by.length >= 1 && by.every((pixels) => pixels <= 0), `${path}: ${by}`);
  }
  await page.goto(`${server}/`, { waitUntil: 'load' });
  const firsts = await page.$$eval('.table-last tbody tr', (rows) => rows.map((row) => {
    const cells = [...row.querySelectorAll('td')].sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top);
    return cells[0].dataset.label;
  }));
  assert.ok(firsts.length >= 5 && firsts.every((label) => label === 'Bellwether'), `${firsts}`);
  await page.close();
  assert.deepEqual(problems, []);
}

async function callsToAction() {
  const { page } = await open(browser, server);
  assert.deepEqual(await wrongCalls(page, server), []);
  await page.goto(`${server}/`, { waitUntil: 'load' });
  const coming = await page.$$eval('.card:has(.state-coming)', (cards) => cards.map((card) => [card.querySelectorAll('dt').length, card.querySelectorAll('a, button').length]));
  assert.equal(coming.length, 1);
  assert.ok(coming[0][0] >= 1 && coming[0][1] === 0, `what is coming links nowhere: ${coming}`);
  await page.close();
}

async function toMachines() {
  const { page, problems } = await open(browser, server);
  assert.deepEqual(await wrongHeads(page, server, pages), []);
  assert.deepEqual(await offers(page, server), ['FREE 0 USD', 'BASIC 29 USD', 'PRO 99 USD', 'ENTERPRISE 299 USD']);
  await page.close();
  assert.deepEqual(problems, []);
  await wellKnown(server);
}

/** How a challenge goes, on the pricing page: four steps that come into view as it is scrolled. */
async function challengeSteps() {
  const { page, problems } = await open(browser, server);
  await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'no-preference' }]);
  for (const [path, words] of [['/pricing/', ['chosen', 'Trading', 'evaluated', 'funded']], ['/es/pricing/', ['elige', 'trading', 'evalúa', 'financiada']]]) {
    await page.goto(server + path, { waitUntil: 'load' });
    const steps = await page.$$eval('#challenges .steps > li', (all) => all.map((step) => [step.querySelector('h3').textContent, step.getAnimations().length]));
    assert.equal(steps.length, words.length);
    steps.forEach(([title, animations], index) => assert.ok(title.includes(words[index]) && animations > 0, `${path}: ${title} has ${animations} animations`));
  }
  await page.close();
  assert.deepEqual(problems, []);
}

/** Nothing moves for who wants no motion; something does for the others. */
async function motion() {
  for (const [value, moves] of [['reduce', false], ['no-preference', true]]) {
    const { page } = await open(browser, server);
    await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value }]);
    await page.goto(`${server}/`, { waitUntil: 'load' });
    const animations = await page.evaluate(() => document.getAnimations().length);
    const smooth = await page.evaluate(() => getComputedStyle(document.documentElement).scrollBehavior);
    assert.deepEqual([animations > 0, smooth], [moves, moves ? 'smooth' : 'auto'], `${value}: ${animations} animations`);
    await page.close();
  }
}

/** On paper there is the text alone, black on white in either theme, and every answer of the accordion. */
async function paper() {
  const { page, problems } = await open(browser, server, { theme: 'dark' });
  await page.goto(`${server}/legal/terms/`, { waitUntil: 'load' });
  await page.emulateMediaType('print');
  const isReadable = async (chosen) => {
    const colours = await page.evaluate(() => ['color', 'backgroundColor'].map((name) => getComputedStyle(document.body)[name].match(/[\d.]+/g).slice(0, 3).map(Number)));
    const [ink, ground] = colours;
    assert.ok(Math.max(...ink) < 60 && Math.min(...ground) === 255, `${chosen}: ${ink} on ${ground}`);
  };
  await isReadable('the dark theme of the system');
  for (const theme of ['dark', 'light']) {
    await page.evaluate((chosen) => { document.documentElement.dataset.theme = chosen; }, theme);
    await isReadable(`the ${theme} theme, chosen`);
  }
  const shown = (selector) => page.$$eval(selector, (all) => all.filter((element) => element.offsetParent).length);
  assert.equal(await shown('.top, .aside, .foot-news, .foot-grid, .trail'), 0);
  assert.ok(await shown('.prose h2') >= 10);
  await page.emulateMediaType('screen');
  await page.goto(`${server}/pricing/`, { waitUntil: 'load' });
  await page.emulateMediaType('print');
  // What was closed is opened with the next frame.
  await page.waitForFunction(() => [...document.querySelectorAll('.faq details p')].every((answer) => answer.checkVisibility({ contentVisibilityAuto: true })));
  // A sheet of A4 between its margins: no table reaches over its edge.
  await page.setViewport({ width: 680, height: 980 });
  for (const path of ['/', '/pricing/']) {
    await page.goto(server + path, { waitUntil: 'load' });
    const over = await page.$$eval('.table', (tables) => tables.map((table) => table.getBoundingClientRect().right - document.documentElement.clientWidth));
    assert.ok(over.length >= 1 && over.every((pixels) => pixels <= 0), `${path} on paper: ${over}`);
  }
  await page.close();
  assert.deepEqual(problems, []);
}

async function statusPage() {
  const { page, problems } = await open(browser, server);
  await page.goto(`${server}/status/`, { waitUntil: 'load' });
  await page.waitForFunction(() => document.querySelector('.status').dataset.state === 'ok');
  const rows = (state) => page.$$eval(`.status [data-state="${state}"]`, (all) => all.map((row) => row.dataset.check));
  assert.equal((await rows('ok')).length, 4);
  assert.deepEqual(problems, []);
  // A server that is not well, and one that is away.
  const unwell = { checks: { database: 'failed', migrations: 'ok', server: 'ok' }, failed: ['database'], status: 'unready' };
  let answer = { status: 503, contentType: 'application/json', body: JSON.stringify(unwell) };
  await page.setRequestInterception(true);
  page.on('request', (request) => {
    if (!request.url().endsWith('/ready')) return request.continue();
    return answer ? request.respond(answer) : request.abort();
  });
  const checked = async () => {
    await page.click('.status button');
    await page.waitForFunction(() => !document.querySelector('.status button').disabled);
    await page.waitForFunction(() => document.querySelector('.status h2').textContent !== document.querySelector('.status').dataset.checking);
    return [await page.$eval('.status', (card) => card.dataset.state), await page.$eval('.status h2', (heading) => heading.textContent)];
  };
  assert.deepEqual(await checked(), ['failed', 'Something is not well']);
  assert.deepEqual(await rows('failed'), ['database']);
  answer = null;
  const [state, heading] = await checked();
  assert.equal(state, 'failed');
  assert.match(heading, /could not be reached/);
  assert.deepEqual([...(await rows('ok')), ...(await rows('failed'))], [], 'nothing old is shown as if it were so now');
  await page.close();
}

async function withoutScript() {
  const { page, problems } = await open(browser, server);
  await page.setJavaScriptEnabled(false);
  for (const path of ['/', '/help/', '/contact/', '/status/']) {
    await page.goto(server + path, { waitUntil: 'load' });
    assert.ok(await page.$('main h1'));
    const controls = await page.$$eval('.theme-switch, .search, .status, .form > .button', (all) => all.filter((e) => e.offsetParent).length);
    assert.equal(controls, 0, `${path} shows a control that needs script`);
  }
  const posted = [];
  page.on('request', (request) => { if (request.method() === 'POST') posted.push(request.url()); });
  for (const [path, field] of [['/contact/', '#contact-name'], ['/waitlist/', '#waitlist-email'], ['/', '#news-email']]) {
    await page.goto(server + path, { waitUntil: 'load' });
    await page.type(field, 'vera@example.test');
    await page.keyboard.press('Enter');
    await page.waitForNetworkIdle({ idleTime: 300 });
    assert.equal(new URL(page.url()).pathname, path);
  }
  assert.deepEqual(posted, [], 'Enter posts no form that needs script');
  await page.close();
  assert.deepEqual(problems, []);
}

async function takeScreenshots() {
  await mkdir(screenshots, { recursive: true });
  for (const theme of ['light', 'dark']) {
    for (const width of WIDTHS) {
      const { page } = await open(browser, server, { width, theme });
      for (const path of [...SHOWN, '/es/nowhere']) {
        await page.goto(server + path, { waitUntil: 'load' });
        await scrollThrough(page);
        await page.evaluate(() => Promise.all([...document.images].map((image) => image.decode().catch(() => {}))).then(() => true));
        const name = path.replaceAll('/', '-').replace(/^-|-$/g, '') || 'landing';
        await page.screenshot({ path: join(screenshots, `${name}-${width}-${theme}.png`), fullPage: true });
      }
      await page.close();
    }
  }
}

await run('site', [
  ['the sitemap names every kind of page in both languages', () => {
    for (const path of [...SHOWN, '/waitlist/', '/changelog/', '/es/pricing/', '/es/help/follow-live/', '/es/legal/terms/']) {
      assert.ok(pages.includes(path), `${path} is missing`);
    }
    assert.equal(pages.filter((path) => path.startsWith('/es/')).length * 2, pages.length);
  }],
  [`each of the ${pages.length} pages is quiet, accessible in both themes and fits a narrow screen`, eachPage],
  ['a page that is not there says so', notFound],
  ['the landing page is light', async () => { for (const width of [412, 1280]) await landingIsLight(width); }],
  ['the menu by keyboard', keyboardMenu],
  ['the theme switch by keyboard, kept', keyboardTheme],
  ['the pricing interval by keyboard, with and without script', keyboardInterval],
  ['the help search by keyboard, in both languages', keyboardSearch],
  ...formChecks(browser, server, violations),
  ['comparisons fit a phone', comparisonsFit],
  ['the calls to action are those of the matrix, and lead where it says', callsToAction],
  ['what machines are told', toMachines],
  ['the steps of a challenge', challengeSteps],
  ['motion only for who wants it', motion],
  ['on paper', paper],
  ['the status page asks the server', statusPage],
  ['without script nothing is offered that needs it', withoutScript],
  ...(screenshots ? [['screenshots', takeScreenshots]] : []),
]);
