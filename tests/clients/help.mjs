// The GraphQL that the help and the landing page print is valid against the committed schema and, with a server, answers as
// somebody who has just registered reads it there: without an error, and with nothing to mend. The program that judges a
// challenge again does it, and finds what was changed.
//
//   node help.mjs
//   node help.mjs http://127.0.0.1:8080     a demo
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSchema, getOperationAST, parse, validate } from 'graphql';
import { WAIT, data, login, post, run, secret, unique, within } from './lib.mjs';

const root = new URL('../../', import.meta.url);
const read = (path) => readFileSync(new URL(path, root), 'utf8');
const schema = buildSchema(read('docs/api/schema.graphql'));
const server = process.argv[2];

/** Blocks of code that are GraphQL: in Markdown between fences, in front matter between triple quotes. */
const documents = (text) => [...text.matchAll(/^```\n([\s\S]*?)^```|'''\n([\s\S]*?)'''/gm)]
  .map(([, fenced, quoted]) => fenced ?? quoted)
  .filter((block) => /^\s*(mutation|query|subscription)\b|^\s*\{\s*[a-z]/.test(block));

const articles = readdirSync(new URL('site/content/help/', root)).filter((name) => !name.startsWith('_'));
const files = ['_index.md', '_index.es.md', ...articles.map((name) => `help/${name}`)].map((name) => `site/content/${name}`);
const printed = files.flatMap((file) => documents(read(file)).map((text) => ({ file, text, document: parse(text) })));

function fits() {
  const wrong = printed.flatMap(({ file, document }) => validate(schema, document).map((error) => `${file}: ${error.message}`));
  assert.deepEqual(wrong, []);
  assert.ok(printed.length >= 50, `only ${printed.length} documents were found`);
  console.log(`          ${printed.length} documents`);
}

/** What stands in the articles for what a reader puts there, and what was there when it was read. */
const known = { email: `${unique('ana')}@example.test`, password: secret(`${unique('Long-Passw0rd')}!`) };
const filled = (text) => text
  .replace('ana@example.com', known.email)
  .replace('password: "…"', `password: "${known.password}"`)
  .replace('acc_...', known.account)
  .replace('src_…', known.source)
  .replace('dlv_…', known.delivery)
  .replace('usr_...', known.user)
  .replace('chl_...', known.challenge)
  // Prices go where they want in the time that the articles stand.
  .replace('"50000"', `"${Math.round(known.price * 0.8)}"`)
  .replace('"90000"', `"${Math.round(known.price * 1.2)}"`);

/** Every message for a person to mend, wherever it is in an answer. */
const toMend = (value) => (value && typeof value === 'object'
  ? Object.entries(value).flatMap(([name, inner]) => (['userErrors', 'refusal'].includes(name) ? [inner].flat().filter(Boolean) : toMend(inner))) : []);

/** Which of them is asked first: the others need what these make. */
const FIRST = [/\bregister\(/, /openAccount\(/, /name: "my alerts"/, /updateSignalSource\(/, /grantChallenge\(/, /startChallenge\(/];
const turn = ({ text }) => {
  const place = FIRST.findIndex((start) => start.test(text));
  return place < 0 ? FIRST.length : place;
};

/** Delivers an alert whose ticker nobody knows, as the article on refused deliveries has it. */
async function refuseDelivery(url, token) {
  const answer = await fetch(url, { method: 'POST', body: 'BUY APPL 1h' });
  assert.equal(answer.status, 202);
  const query = '{ signalDeliveries(first: 1) { nodes { id verdict sourceId } } }';
  const until = Date.now() + WAIT;
  const judged = async () => {
    while (Date.now() < until) {
      const [newest] = (await data(server, query, {}, { token })).signalDeliveries.nodes;
      if (newest?.verdict) return newest;
      await new Promise((done) => { setTimeout(done, 100); });
    }
    throw new Error('no verdict');
  };
  const delivery = await within(judged(), 'a verdict');
  assert.equal(delivery.verdict, 'REJECTED');
  Object.assign(known, { delivery: delivery.id, source: delivery.sourceId });
}

/** Opens a subscription as server-sent events, and closes it again. */
async function opens(query, token) {
  const stop = new AbortController();
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${token}` };
  const answer = await fetch(`${server}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }), signal: stop.signal });
  const isStream = answer.status === 200 && answer.headers.get('content-type').startsWith('text/event-stream');
  // A document that is refused is told of in the first event.
  const first = await Promise.race([answer.body.getReader().read(), new Promise((done) => { setTimeout(done, 2_000, {}); })]);
  stop.abort();
  return isStream && !Buffer.from(first.value ?? []).includes('"errors"') ? [] : [`no stream: ${answer.status} ${Buffer.from(first.value ?? [])}`];
}

async function answers() {
  const tokens = { admin: await login(server, 'admin@atlas.test') };
  const { quote } = await data(server, '{ quote(symbol: "BTC-USD") { price } }', {}, { token: tokens.admin });
  known.price = Number(quote.price);
  const once = [...new Map(printed.map((one) => [one.text, one])).values()].sort((a, b) => turn(a) - turn(b));
  const wrong = [];
  for (const { file, text, document } of once) {
    const query = filled(text);
    const note = (what) => wrong.push(`${file}: ${JSON.stringify(what)}`);
    if (getOperationAST(document).operation === 'subscription') {
      (await opens(query, tokens.reader)).forEach(note);
      continue;
    }
    const ask = (token) => post(server, query, { token: known.refreshToken }, { token });
    let { body } = await ask(tokens.reader);
    // What a reader may not is an admin's.
    if (body.errors?.[0].extensions.code === 'FORBIDDEN') ({ body } = await ask(tokens.admin));
    [...(body.errors ?? []), ...toMend(body.data)].forEach(note);
    const { register, openAccount, createSignalSource, grantChallenge } = body.data ?? {};
    if (register?.session) Object.assign(tokens, { reader: secret(register.session.accessToken) });
    if (register?.session) known.refreshToken = secret(register.session.refreshToken);
    if (register?.viewer) known.user = register.viewer.user.id;
    if (grantChallenge?.challenge) known.challenge = grantChallenge.challenge.id;
    if (openAccount?.account) known.account = openAccount.account.id;
    if (createSignalSource?.url && !known.delivery) await refuseDelivery(createSignalSource.url, tokens.reader);
  }
  assert.deepEqual(wrong, []);
  console.log(`          ${once.length} different ones`);
}

/** What the article's program says of an export, and whether it is content. */
function judged(program, evidence) {
  const folder = mkdtempSync(join(tmpdir(), 'evidence-'));
  try {
    const file = join(folder, 'evidence.jsonl');
    writeFileSync(file, evidence);
    const { status, stdout, stderr } = spawnSync('python3', ['-', file], { input: program, encoding: 'utf8' });
    return [status, stdout + stderr];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function judgesAgain() {
  const [program, spanish] = ['', '.es'].map((lang) => read(`site/content/help/verify-evidence${lang}.md`).match(/^```python\n([\s\S]*?)^```/m)[1]);
  assert.equal(program, spanish);
  const token = await login(server, 'admin@atlas.test');
  const { challenges } = await data(server, '{ challenges(first: 100) { nodes { id status } } }', {}, { token });
  const texts = {};
  for (const { id, status } of challenges.nodes) {
    ({ exportEvidence: texts[status] } = await data(server, 'query Export($id: ID!) { exportEvidence(challengeId: $id) }', { id }, { token }));
    const [code, said] = judged(program, texts[status]);
    assert.ok(code === 0 && said.includes(`rows hold: ${status}, last hash`), `${id}: ${said}`);
  }
  assert.ok(texts.FAILED && texts.PASSED, `there are ${Object.keys(texts)}`);
  const lines = texts.FAILED.trimEnd().split('\n');
  const changed = {
    'a figure': texts.FAILED.replace(/(equity[^0-9]+)(\d)(\d+\.\d+)/, (_, name, first, rest) => `${name}${(Number(first) % 9) + 1}${rest}`),
    'a row less': [...lines.slice(0, 5), ...lines.slice(6)].join('\n'),
    'other rules': texts.FAILED.replace('drawdown\\":\\"10', 'drawdown\\":\\"99'),
  };
  for (const [what, text] of Object.entries(changed)) {
    assert.notEqual(text, texts.FAILED, what);
    const [code, said] = judged(program, text);
    assert.ok(code === 1 && said.includes('AssertionError'), `${what}: ${said}`);
  }
}

await run('help', [
  [`what ${files.length} pages print fits the schema`, fits],
  ...(server ? [
    ['what they print answers', answers],
    ['the program that they print judges the challenges of the demo again', judgesAgain],
  ] : []),
]);
