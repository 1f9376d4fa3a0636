// Drives GraphiQL in a real, headless Chromium against a running Bellwether with its demo data.
//
//   node graphiql.mjs http://127.0.0.1:8080 [screenshot folder]
//
// It looks at what only a browser can tell: the page works under its own Content-Security-Policy, writes no error to
// the console, asks no other host for anything, names its controls, lets Tab out of the editors, and runs a query, a
// sign-in and a subscription. Exits with 1 on the first failure. CHROMIUM names the browser where it is not /usr/bin/chromium.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';

const [server, screenshots] = process.argv.slice(2);
if (!server) {
  console.error('usage: node graphiql.mjs URL [screenshot folder]');
  process.exit(2);
}
const origin = new URL(server).origin;
const EMAIL = 'admin@atlas.test';
const PASSWORD = 'Demo-Passw0rd!';
const WAIT = 15_000;

const profile = await mkdtemp(join(tmpdir(), 'graphiql-'));
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  headless: true,
  userDataDir: profile,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});

let page;
let step = 'start';
const problems = [];
const requests = [];

const shot = async (name) => {
  if (screenshots) await page.screenshot({ path: join(screenshots, `${name}.png`) });
};
const text = (selector) => page.$eval(selector, (e) => (e.hidden ? '' : e.textContent.trim()));
const until = (what, check, ...args) =>
  page.waitForFunction(check, { timeout: WAIT }, ...args).catch((cause) => {
    throw new Error(`waited in vain: ${what}`, { cause });
  });
/** Waits until the schema was asked for once more than so often, and answered. */
const schemaAskedFor = async (before) => {
  const deadline = Date.now() + WAIT;
  while (sent('IntrospectionQuery').length <= before && Date.now() < deadline) await new Promise((r) => setTimeout(r, 50));
  assert.ok(sent('IntrospectionQuery').length > before, 'the schema was not asked for');
  await page.waitForNetworkIdle({ idleTime: 300, timeout: WAIT });
};
const editor = (selector) => page.$eval(`${selector} .CodeMirror`, (e) => e.CodeMirror.getValue());
const response = () => editor('.graphiql-response');
const responseHas = (needle) =>
  until(`the response shows ${needle}`, (n) => document.querySelector('.graphiql-response .CodeMirror')?.CodeMirror.getValue().includes(n), needle);
const runOperation = async () => {
  await page.click('.graphiql-query-editor .CodeMirror');
  await page.$eval('.graphiql-query-editor .CodeMirror', (e) => e.CodeMirror.execCommand('goDocEnd'));
  await page.click('.graphiql-execute-button');
};
const openTab = async (name) => {
  const tabs = await page.$$('.graphiql-tab-button');
  for (const tab of tabs) {
    if ((await tab.evaluate((e) => e.textContent)).includes(name)) return tab.click();
  }
  throw new Error(`no tab ${name}`);
};
/** The bodies and headers of the operations sent over HTTP. */
const sent = (name) => requests.filter((r) => r.url === `${origin}/graphql` && (r.body || '').includes(name));

async function walk() {
  page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 800 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
  await page.evaluateOnNewDocument(() => {
    document.addEventListener('securitypolicyviolation', (e) => {
      console.error(`CSP: ${e.violatedDirective} refused ${e.blockedURI} (${e.sourceFile}:${e.lineNumber}) ${e.sample}`);
    });
  });
  page.on('pageerror', (error) => problems.push(`${step}: page error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warn') return;
    // A refused operation answers 4xx, and Chromium notes every 4xx; the steps below look at those answers themselves.
    if (/^Failed to load resource/.test(message.text()) && message.location().url === `${origin}/graphql`) return;
    problems.push(`${step}: console: ${message.text()} ${message.location().url || ''}`);
  });
  page.on('request', (request) => {
    const url = request.url();
    requests.push({ url, body: request.postData(), headers: request.headers() });
    if (!url.startsWith('data:') && new URL(url).origin !== origin) problems.push(`${step}: asked another host: ${url}`);
  });
  page.on('requestfailed', (request) => problems.push(`${step}: failed: ${request.url()} ${request.failure()?.errorText}`));
  const sockets = [];
  const frames = [];
  const devtools = await page.createCDPSession();
  await devtools.send('Network.enable');
  devtools.on('Network.webSocketCreated', ({ url }) => {
    sockets.push(url);
    if (new URL(url).host !== new URL(origin).host) problems.push(`${step}: opened a socket to another host: ${url}`);
  });
  devtools.on('Network.webSocketFrameSent', ({ response: frame }) => frames.push(frame.payloadData));

  step = 'the page and its headers';
  const answer = await page.goto(`${origin}/graphiql`, { waitUntil: 'load' });
  assert.equal(answer.status(), 200);
  assert.match(answer.headers()['content-type'], /^text\/html/);
  const policy = answer.headers()['content-security-policy'] || '';
  for (const directive of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]) {
    assert.ok(policy.split(/\s*;\s*/).includes(directive), `the policy lacks ${directive}: ${policy}`);
  }
  assert.doesNotMatch(policy, /unsafe/);
  await page.waitForSelector('.graphiql-query-editor .CodeMirror', { timeout: WAIT });
  await page.waitForSelector('.graphiql-response .CodeMirror', { timeout: WAIT });

  step = 'a visitor: the schema, or a notice that says why it is not there';
  await schemaAskedFor(0);
  const notice = await text('#notice');
  if (notice) assert.match(notice, /^Sign in as the owner to load the schema\./);
  console.log(notice ? `  schema closed to visitors: "${notice}"` : '  schema open to visitors');
  await shot('1-visitor');

  step = 'the operations of the demo\'s path are tabs';
  const tabs = await page.$$eval('.graphiql-tab-button', (all) => all.map((tab) => tab.textContent.trim()));
  const path = await readFile(new URL('../../docs/demo-path.md', import.meta.url), 'utf8');
  const walked = [...path.matchAll(/^\[(\w+)\]\(operations/gm)].map(([, name]) => name).filter((name) => name !== 'Login');
  assert.ok(walked.length > 10);
  assert.deepEqual(tabs, ['FirstSignals', 'NewSignals', ...walked.filter((name, at) => name !== walked[at - 1])]);

  step = 'a visitor runs the first query';
  assert.match(await editor('.graphiql-query-editor'), /query FirstSignals/);
  await runOperation();
  await until('an answer', () => /"(data|errors)"/.test(document.querySelector('.graphiql-response .CodeMirror').CodeMirror.getValue()));

  step = 'a wrong password is refused with a message';
  await page.type('#email', EMAIL);
  await page.type('#password', 'not the password');
  await page.keyboard.press('Enter');
  await until('the error', () => !document.querySelector('#error').hidden);
  assert.ok((await text('#error')).length > 10);
  assert.equal(await text('#signed-in'), '');
  await shot('2-refused');

  step = 'sign in';
  await page.$eval('#password', (e) => (e.value = ''));
  await page.type('#password', PASSWORD);
  const schemas = sent('IntrospectionQuery').length;
  await page.keyboard.press('Enter');
  await until('the viewer', () => !document.querySelector('#signed-in').hidden);
  assert.match(await text('#viewer'), /^Signed in: .+ · ADMIN · .+/);
  assert.equal(await text('#error'), '');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'sign-out');
  await schemaAskedFor(schemas);
  const token = sent('IntrospectionQuery').at(-1).headers.authorization;
  assert.match(token, /^Bearer .+/);
  const stored = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie);
  assert.ok(!stored.includes(token.slice(7)) && !stored.includes(PASSWORD), 'no secret is stored');

  step = 'the query, signed in';
  await runOperation();
  await responseHas('"nodes"');
  const { nodes } = JSON.parse(await response()).data.signals;
  assert.ok(nodes.length >= 1 && nodes.length <= 5);
  assert.equal(sent('FirstSignals').at(-1).headers.authorization, token);
  await shot('3-query');

  step = 'the documentation of the schema';
  if (!(await text('#notice'))) {
    await page.click('[aria-label="Show Documentation Explorer"]');
    await until('the root types', () => /query: ?Query/i.test(document.querySelector('.graphiql-doc-explorer')?.textContent || ''));
    await shot('4-documentation');
    await page.click('[aria-label="Hide Documentation Explorer"]');
    await page.$eval('.graphiql-query-editor .CodeMirror', (e) => {
      const line = e.CodeMirror.getValue().split('\n').findIndex((l) => l.includes('nodes {'));
      e.CodeMirror.setCursor(line, e.CodeMirror.getLine(line).indexOf('{') + 2);
      e.CodeMirror.focus();
    });
    await page.keyboard.down('Control');
    await page.keyboard.press('Space');
    await page.keyboard.up('Control');
    await page.waitForSelector('.CodeMirror-hints', { timeout: WAIT });
    await shot('5-completion');
    await page.keyboard.press('Escape');
    const whole = await editor('.graphiql-query-editor');
    await page.keyboard.type(' nonsense ');
    await page.waitForSelector('.CodeMirror-lint-mark-error', { timeout: WAIT });
    await page.hover('.CodeMirror-lint-mark-error');
    await page.waitForSelector('.CodeMirror-lint-tooltip', { timeout: WAIT });
    await shot('5-mistake');
    await page.$eval('.graphiql-query-editor .CodeMirror', (e, v) => e.CodeMirror.setValue(v), whole);
    await until('the mark is gone', () => !document.querySelector('.CodeMirror-lint-mark-error'));
  }

  step = 'GraphiQL\'s own dialogs, menus and tooltips';
  for (const name of ['Open short keys dialog', 'Open settings dialog']) {
    await page.click(`[aria-label="${name}"]`);
    await page.waitForSelector('.graphiql-dialog', { timeout: WAIT });
    await shot(`6-${name.split(' ')[1]}`);
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => !document.querySelector('.graphiql-dialog'), { timeout: WAIT });
  }
  await page.click('[aria-label="Show History"]');
  await page.waitForSelector('.graphiql-history', { timeout: WAIT });
  await page.click('[aria-label="Hide History"]');
  await page.hover('.graphiql-execute-button');
  await page.waitForSelector('.graphiql-tooltip', { timeout: WAIT });

  step = 'the keyboard leaves the editors';
  await page.focus('.graphiql-query-editor .CodeMirror textarea');
  const before = await editor('.graphiql-query-editor');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => !!document.activeElement.closest('.graphiql-query-editor .CodeMirror')), false);
  assert.equal(await editor('.graphiql-query-editor'), before);
  const names = await page.$$eval('.CodeMirror textarea', (all) => all.map((e) => e.getAttribute('aria-label')));
  assert.deepEqual(names, ['Operation', 'Variables', 'Headers', 'Response']);
  const unnamed = await page.evaluate(() =>
    [...document.querySelectorAll('input, button, textarea')]
      .filter((e) => e.offsetParent && !e.labels?.length && !e.getAttribute('aria-label') && !e.textContent.trim() && !e.title)
      .map((e) => e.outerHTML.slice(0, 120)),
  );
  assert.deepEqual(unnamed, [], 'controls without a name');

  step = 'a header of the header editor goes before the session';
  await page.$eval('.graphiql-editor-tools', (e) => [...e.querySelectorAll('button')].find((b) => b.textContent === 'Headers').click());
  const setHeaders = async (value) => {
    await new Promise((r) => setTimeout(r, 300)); // GraphiQL writes its own value first when it opens the editor
    await page.$$eval('.graphiql-editor-tool .CodeMirror', ([, headers], v) => headers.CodeMirror.setValue(v), value);
    await new Promise((r) => setTimeout(r, 300));
  };
  await setHeaders('{"Authorization": "Bearer of.bad.news", "X-Check": "1"}');
  await runOperation();
  await until('an error', () => /"errors"/.test(document.querySelector('.graphiql-response .CodeMirror').CodeMirror.getValue()));
  assert.equal(sent('FirstSignals').at(-1).headers.authorization, 'Bearer of.bad.news');
  assert.equal(sent('FirstSignals').at(-1).headers['x-check'], '1');
  assert.match(await text('#viewer'), /^Signed in: /);
  await setHeaders('');

  step = 'the subscription';
  await openTab('NewSignals');
  await until('the second tab', () => document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror.getValue().includes('signalRecorded'));
  await new Promise((r) => setTimeout(r, 500)); // GraphiQL parses the document a moment after it changed
  await runOperation();
  await page.waitForSelector('[aria-label="Stop query (Ctrl-Enter)"], .graphiql-execute-button[aria-label^="Stop"]', { timeout: WAIT });
  const settled = Date.now() + WAIT;
  while (!frames.some((f) => f.includes('signalRecorded')) && Date.now() < settled) await new Promise((r) => setTimeout(r, 50));
  assert.deepEqual(sockets, [`${origin.replace(/^http/, 'ws')}/graphql/ws`]);
  assert.deepEqual(JSON.parse(frames.find((f) => f.includes('connection_init'))).payload, { authorization: token });
  const minute = new Date(Math.floor(Date.now() / 60_000) * 60_000).toISOString();
  const run = Math.random().toString(36).slice(2, 8);
  const record = async (strategy) => fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: token },
    body: JSON.stringify({
      query: 'mutation Record($input: RecordSignalInput!) { recordSignal(input: $input) { outcome userErrors { code message path } } }',
      variables: { input: { symbol: nodes[0].symbol, mode: 'SCALP', timeframe: 'M1', signalTime: minute, direction: 'BUY', confidence: 73, strategy } },
    }),
  }).then((r) => r.json());
  // No protocol tells when a subscription is set up: signals are recorded until one is heard of.
  for (let number = 0; !(await response()).includes('"confidence": 73'); number += 1) {
    assert.ok(number < WAIT / 500, 'no signal was heard of');
    const recorded = await record(`graphiql-check-${run}-${number}`);
    assert.equal(recorded.data?.recordSignal?.outcome, 'INSERTED', JSON.stringify(recorded));
    await new Promise((r) => setTimeout(r, 500));
  }
  const event = JSON.parse(await response());
  assert.equal(event.data.signalRecorded.signal.symbol, nodes[0].symbol);
  assert.ok(event.data.signalRecorded.sequence);
  await shot('7-subscription');
  await page.click('.graphiql-execute-button');
  await page.waitForSelector('.graphiql-execute-button[aria-label^="Execute"]', { timeout: WAIT });

  step = 'dark';
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  const dark = await page.evaluate(() => [document.body, document.querySelector('.graphiql-container')].map((e) => getComputedStyle(e).backgroundColor));
  for (const colour of dark) assert.ok(colour.match(/\d+/g).slice(0, 3).every((c) => Number(c) < 90), `not dark: ${dark}`);
  await shot('8-dark');

  step = 'a tab of the demo\'s path';
  await openTab('SignalStats');
  await until('its document and variables', () => {
    const [query, variables] = [...document.querySelectorAll('.graphiql-query-editor .CodeMirror, .graphiql-editor-tool .CodeMirror')];
    return query.CodeMirror.getValue().includes('signalStats') && variables.CodeMirror.getValue().includes('"groupBy"');
  });
  await new Promise((r) => setTimeout(r, 500));
  await runOperation();
  await responseHas('"winRate"');
  await shot('9-demo-path');

  step = 'sign out';
  const schemasBefore = sent('IntrospectionQuery').length;
  await page.click('#sign-out');
  await page.waitForSelector('#email', { visible: true, timeout: WAIT });
  await schemaAskedFor(schemasBefore);
  assert.equal(await text('#error'), '', 'the server confirms the end of the session');
  assert.equal(sent('IntrospectionQuery').at(-1).headers.authorization, undefined);
  await page.setViewport({ width: 360, height: 740 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `a narrow window scrolls sideways by ${wide} px`);
  await shot('10-narrow');
  await page.click('[aria-label="Open settings dialog"]');
  await page.waitForSelector('.graphiql-dialog', { timeout: WAIT });
  await page.keyboard.press('Escape');
}

try {
  if (screenshots) await mkdir(screenshots, { recursive: true });
  await walk();
  step = 'console, policy and network';
  assert.deepEqual(problems, []);
  console.log(`graphiql: ok (${requests.length} requests, all to ${origin})`);
} catch (error) {
  console.error(`graphiql: FAILED at "${step}": ${error.message}`);
  if (error.cause) console.error(`  ${error.cause.message}`);
  for (const problem of problems) console.error(`  ${problem}`);
  if (page) await shot('failed').catch(() => {});
  process.exitCode = 1;
} finally {
  await browser.close();
  await rm(profile, { recursive: true, force: true });
}
