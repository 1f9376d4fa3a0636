// Takes the site's pictures anew: GraphiQL for the landing page, wide and for a phone, and what a shared link shows.
//
//   node site/pictures.mjs http://127.0.0.1:8080     a demo that shows the built site
import { run, serverFromArguments } from '../lib.mjs';
import { launch } from './browser.mjs';

const server = serverFromArguments('pictures');
const place = (name) => new URL(`../../../site/static/${name}`, import.meta.url).pathname;
const QUERY = `# The strongest buy signals
query StrongBuys {
  signals(
    first: 5
    filter: {
      direction: {eq: BUY}
      confidence: {gte: 80}
    }
  ) {
    nodes {
      symbol
      timeframe
      confidence
      entry
      target
      stop
      summary
    }
  }
}`;
const browser = await launch();

/** A page in the dark theme. */
async function dark(viewport, path) {
  const page = await browser.newPage();
  await page.setBypassCSP(true);
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }, { name: 'prefers-reduced-motion', value: 'reduce' }]);
  await page.setViewport(viewport);
  await page.goto(server + path, { waitUntil: 'networkidle0' });
  return page;
}

async function graphiql(viewport, path, clip) {
  const page = await dark(viewport, '/graphiql');
  await page.type('#email', 'trader@atlas.test');
  await page.type('#password', 'Demo-Passw0rd!');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => !document.querySelector('#signed-in').hidden);
  await page.waitForNetworkIdle({ idleTime: 500 });
  await page.$eval('.graphiql-query-editor .CodeMirror', (editor, query) => editor.CodeMirror.setValue(query), QUERY);
  // Until the tab has the operation's name, the one before would be run.
  await page.waitForFunction(() => document.querySelector('.graphiql-tab-button').textContent.includes('StrongBuys'));
  await page.click('.graphiql-execute-button');
  await page.waitForFunction(() => /"summary"/.test(document.querySelector('.graphiql-response .CodeMirror')?.CodeMirror.getValue()));
  await page.evaluate(() => document.activeElement.blur());
  await page.mouse.move(2, 2);
  await page.waitForNetworkIdle({ idleTime: 500 });
  await page.screenshot({ path, type: 'webp', quality: 82, ...(clip ? { clip } : {}) });
  await page.close();
}

const CARD = `
  body { display: grid; grid-template-columns: 32rem 1fr; gap: 3rem; align-items: center; min-height: 0; height: 630px; padding: 0 64px 0 72px;
    background: radial-gradient(50rem 28rem at 95% -10%, var(--glow), transparent 70%) var(--paper); }
  .card-left { display: grid; gap: 2.6rem; } h1 { font-size: 66px; } .name { font-size: 34px; } .name .mark { width: 52px; height: 52px; }
  .card-left p { color: var(--ink-soft); font-size: 25px; } .window { padding: 24px 8px 24px 24px; } .chart-narrow { display: block; max-width: none; }
  .window + p { margin-top: 20px; color: var(--ink-soft); font-size: 19px; } .chart-wide { display: none; }`;

/** The card of 1200 by 630 that networks show beside a link. */
async function card() {
  const page = await dark({ width: 1200, height: 630 }, '/');
  await page.evaluate((style) => {
    const html = (selector) => document.querySelector(selector).outerHTML;
    const title = html('h1');
    const said = document.querySelector('.hero .eyebrow').textContent;
    const simulated = document.querySelector('.window-bar em').textContent;
    document.body.innerHTML = `<div class="card-left">${html('.foot .name')}${title}<p>${said}</p></div>
      <div><div class="window">${html('.chart-narrow')}</div><p>${simulated}</p></div>`;
    document.head.append(Object.assign(document.createElement('style'), { textContent: style }));
  }, CARD);
  await page.screenshot({ path: place('og.png') });
  await page.close();
}

await run('pictures', [
  ['GraphiQL', () => graphiql({ width: 1280, height: 720 }, place('graphiql.webp'))],
  // The query alone, so that it can be read there.
  ['GraphiQL for a phone', () => graphiql({ width: 900, height: 640, deviceScaleFactor: 2 }, place('graphiql-narrow.webp'), { x: 56, y: 62, width: 340, height: 425 })],
  ['the card of a shared link', card],
]);
await browser.close();
