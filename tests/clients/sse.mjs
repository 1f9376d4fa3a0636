// Subscriptions as server-sent events: the npm client graphql-sse with distinct connections, and the stream by hand.
//
//   node sse.mjs http://127.0.0.1:8080
import assert from 'node:assert/strict';
import { createClient } from 'graphql-sse';
import {
  FOLLOW, data, login, logout, record, run, sequenceNow, serverFromArguments, strategiesOf, unique, within,
} from './lib.mjs';

const server = serverFromArguments('sse');
const token = await login(server, 'trader@atlas.test');

/** Follows with the npm client, and hands its answers on until `read` is done with them. */
async function withClient(query, variables, read, owner = token) {
  const client = createClient({
    url: `${server}/graphql`,
    singleConnection: false,
    headers: owner ? { authorization: `Bearer ${owner}` } : {},
    retryAttempts: 0,
  });
  const answers = client.iterate({ query, variables });
  try {
    return await read(() => within(answers.next(), 'an event'));
  } finally {
    await answers.return();
    client.dispose();
  }
}

/** Opens a stream by hand. */
const open = (query, { variables, owner = token, method = 'POST', signal } = {}) => {
  const headers = { accept: 'text/event-stream', ...(owner ? { authorization: `Bearer ${owner}` } : {}) };
  if (method === 'GET') return fetch(`${server}/graphql?${new URLSearchParams({ query })}`, { headers, signal });
  headers['content-type'] = 'application/json';
  return fetch(`${server}/graphql`, { method, headers, signal, body: JSON.stringify({ query, variables }) });
};

/** The whole of a stream that ends, as [event, data] pairs. */
async function events(response) {
  const text = await within(response.text(), 'the end of the stream');
  assert.ok(text.endsWith('\n\n'), 'the last event is whole');
  return text.trim().split('\n\n').filter((block) => !block.startsWith(':')).map((block) => {
    const fields = block.split('\n').map((line) => line.split(/: ?(.*)/s, 2));
    const told = fields.filter(([name]) => name === 'data').map(([, value]) => value).join('\n');
    return [fields.find(([name]) => name === 'event')?.[1], told && JSON.parse(told)];
  });
}

const isStream = (response) => {
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^text\/event-stream/);
};
const codes = (body) => body.errors.map((error) => error.extensions.code);
const confidenceOf = ({ value }) => value.data.signalRecorded.signal.confidence;
const now = () => sequenceNow(server, token, (variables) => withClient(FOLLOW, variables, async (next) => (await next()).value));

await run('sse', [
  ['graphql-sse: an event for a recorded signal, and the missed ones after its sequence', async () => {
    const start = await now();
    const name = unique('sse');
    const strategies = strategiesOf(name, 1, 2, 3);
    const sequence = await withClient(FOLLOW, { strategies, afterSequence: start }, async (next) => {
      await record(server, token, name, 1);
      const answer = await next();
      assert.equal(confidenceOf(answer), 1);
      return answer.value.data.signalRecorded.sequence;
    });
    await record(server, token, name, 2);
    await record(server, token, name, 3);
    await withClient(FOLLOW, { strategies, afterSequence: sequence }, async (next) => {
      assert.deepEqual([confidenceOf(await next()), confidenceOf(await next())], [2, 3]);
    });
  }],
  ['graphql-sse: a query is answered by one event, and the stream ends', async () => {
    await withClient('{ viewer { user { email } } }', {}, async (next) => {
      const { value } = await next();
      assert.deepEqual(value.data, { viewer: { user: { email: 'trader@atlas.test' } } });
      assert.equal((await next()).done, true);
    });
  }],
  ['the stream: next, then complete, not to be kept by anybody', async () => {
    const response = await open('{ __typename }');
    isStream(response);
    assert.match(response.headers.get('cache-control') ?? '', /no-(store|cache)/);
    const [[first, answer], [last, nothing], ...more] = await events(response);
    assert.deepEqual([first, answer.data, last, nothing, more], ['next', { __typename: 'Query' }, 'complete', '', []]);
  }],
  ['a mutation is run once', async () => {
    const name = unique('sse');
    const response = await open(`mutation { recordSignal(input: {symbol: "AAPL", mode: SCALP, timeframe: M1,
      signalTime: "2026-01-05T10:00:00Z", direction: BUY, confidence: 1, strategy: "${name}"}) { outcome } }`);
    isStream(response);
    const [[, answer]] = await events(response);
    assert.deepEqual(answer.data, { recordSignal: { outcome: 'INSERTED' } });
    const { signals } = await data(server, `{ signals(filter: {strategy: {eq: "${name}"}}) { nodes { id } } }`, {}, { token });
    assert.equal(signals.nodes.length, 1);
  }],
  ['who is not signed in is told so, and the stream ends', async () => {
    const response = await open(FOLLOW, { owner: null });
    isStream(response);
    const [[event, answer], [last]] = await events(response);
    assert.deepEqual([event, codes(answer), last], ['next', ['UNAUTHENTICATED'], 'complete']);
  }],
  ['a document that is wrong is refused', async () => {
    for (const [query, code] of [['subscription {', 'GRAPHQL_PARSE_FAILED'], ['subscription { no }', 'GRAPHQL_VALIDATION_FAILED']]) {
      const response = await open(query);
      const body = response.headers.get('content-type').startsWith('text/event-stream')
        ? (await events(response))[0][1] : await response.json();
      assert.deepEqual(codes(body), [code]);
    }
  }],
  ['a bad token gets 401', async () => {
    const response = await open(FOLLOW, { owner: 'of.bad.news' });
    assert.equal(response.status, 401);
  }],
  ['a subscription needs a POST, and a caller who takes events', async () => {
    const got = await open('subscription { signalRecorded { sequence } }', { method: 'GET' });
    assert.equal(got.status, 405);
    assert.equal(got.headers.get('allow'), 'POST');
    const posted = await fetch(`${server}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: FOLLOW }),
    });
    assert.equal(posted.status, 400);
    assert.deepEqual(codes(await posted.json()), ['BAD_REQUEST']);
  }],
  ['the stream of a session that is ended ends too', async () => {
    const own = await login(server, 'trader2@atlas.test');
    const response = await open(FOLLOW, { owner: own });
    isStream(response);
    await logout(server, own);
    const told = await events(response);
    assert.deepEqual(told.map(([event]) => event), ['next', 'complete']);
    assert.deepEqual(codes(told[0][1]), ['UNAUTHENTICATED']);
  }],
]);
