// The saved operations of docs/operations: they reach every root field of the schema, and each of them runs.
//
//   node operations.mjs http://127.0.0.1:8080
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { Kind, buildClientSchema, getIntrospectionQuery, parse, validate } from 'graphql';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { PASSWORD, data, run, secret, sequenceNow, serverFromArguments, unique, within } from './lib.mjs';

const server = serverFromArguments('operations');
const folder = new URL('../../docs/operations/', import.meta.url);
const TERMS = '2026-11';

const operations = new Map();
for (const file of readdirSync(folder).filter((name) => name.endsWith('.graphql'))) {
  const text = readFileSync(new URL(file, folder), 'utf8');
  operations.set(file.replace('.graphql', ''), { text, document: parse(text) });
}
const ran = new Set();

/** Runs a saved operation; the value of its root field, which must have no userErrors. */
async function call(name, variables, token) {
  ran.add(name);
  const [answer] = Object.values(await data(server, operations.get(name).text, variables, { token, operationName: name }));
  assert.deepEqual(answer?.userErrors ?? [], []);
  return answer;
}

/** Signs in; what is to stay secret is noted. */
async function sessionOf(answer) {
  secret(answer.session.refreshToken);
  secret(answer.session.accessToken);
  return answer.session;
}

const email = `${unique('visitor')}@example.test`;
const name = unique('operations');
const signalTime = '2026-01-05T10:00:00Z';
const signal = (confidence) => ({
  symbol: 'AAPL', mode: 'SWING', timeframe: 'H1', signalTime, direction: 'BUY', confidence, strategy: `${name}-${confidence}`,
  entry: '182.5', target: '190', stop: '180.12345678', reasons: [{ indicator: 'RSI', value: '27.4', says: 'oversold' }],
  summary: 'Bounced off support.', payload: { check: true },
});
const known = {};

await run('operations', [
  ['each file holds one operation of its own name, valid against the served schema', async () => {
    const schema = buildClientSchema(await data(server, getIntrospectionQuery(), {}));
    const reached = new Set();
    for (const [file, { document }] of operations) {
      assert.deepEqual(document.definitions.map((definition) => [definition.kind, definition.name?.value]), [[Kind.OPERATION_DEFINITION, file]]);
      assert.deepEqual(validate(schema, document).map((error) => error.message), [], file);
      const [operation] = document.definitions;
      for (const field of operation.selectionSet.selections) reached.add(`${operation.operation} ${field.name.value}`);
    }
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
    const missing = roots.flatMap((type) => Object.keys(type.getFields()).map((field) => `${type.name.toLowerCase()} ${field}`))
      .filter((field) => !reached.has(field));
    assert.deepEqual(missing, [], 'root fields without a saved operation');
  }],
  ['Register, Login, RefreshSession, Viewer, Logout', async () => {
    const password = secret(`${unique('Pass')}-W0rd!`);
    const input = { email, password, firstName: 'Vera', lastName: 'Visitor', acceptTerms: TERMS };
    const registered = await sessionOf(await call('Register', { input }));
    await call('Logout', { input: {} }, registered.accessToken);
    const first = await sessionOf(await call('Login', { input: { email, password } }));
    const second = await sessionOf(await call('RefreshSession', { input: { refreshToken: first.refreshToken } }));
    const viewer = await call('Viewer', {}, second.accessToken);
    assert.deepEqual([viewer.user.email, viewer.role], [email, 'TRADER']);
    const { sessionId } = await call('Logout', { input: {} }, second.accessToken);
    assert.equal(sessionId, viewer.session.id);
  }],
  ['RecordSignal, RecordSignals, Signal, Signals, LatestSignals, Node, Nodes', async () => {
    const input = { email: 'seller@atlas.test', password: PASSWORD };
    const { accessToken: token } = await sessionOf(await call('Login', { input }));
    known.token = token;
    const recorded = await call('RecordSignal', { input: signal(71) }, token);
    assert.equal(recorded.outcome, 'INSERTED');
    const many = await call('RecordSignals', { input: { signals: [signal(71), signal(72)] } }, token);
    assert.deepEqual(many.results.map((result) => result.outcome), ['IGNORED', 'INSERTED']);
    const ids = many.results.map((result) => result.signal.id);
    assert.equal(ids[0], recorded.signal.id);

    const one = await call('Signal', { id: ids[0] }, token);
    assert.deepEqual([one.entry, one.target, one.stop], ['182.5', '190', '180.12345678']);
    assert.deepEqual([one.asset.symbol, one.direction, one.confidence, one.payload], ['AAPL', 'BUY', 71, { check: true }]);
    assert.equal(Date.parse(one.signalTime), Date.parse(signalTime));
    const page = await call('Signals', { filter: { strategy: { in: [`${name}-71`, `${name}-72`] } }, first: 1 }, token);
    assert.equal(page.nodes.length, 1);
    assert.equal(page.pageInfo.hasNextPage, true);
    const rest = await call('Signals', {
      filter: { strategy: { in: [`${name}-71`, `${name}-72`] } }, first: 1, after: page.pageInfo.endCursor,
    }, token);
    assert.deepEqual([page.nodes[0].id, rest.nodes[0].id].sort(), [...ids].sort());
    assert.equal(rest.pageInfo.hasNextPage, false);

    assert.ok((await call('LatestSignals', { symbols: ['aapl'] }, token)).some(({ symbol }) => symbol === 'AAPL'));
    assert.deepEqual(await call('Node', { id: ids[0] }, token), { __typename: 'Signal', id: ids[0], symbol: 'AAPL', direction: 'BUY' });
    assert.deepEqual((await call('Nodes', { ids }, token)).map(({ id }) => id), ids);
  }],
  ['CreateSignalSource, a delivery, SignalDeliveries, UpdateSignalSource, RedriveSignalDelivery, SignalSources', async () => {
    const { token } = known;
    const made = await call('CreateSignalSource', { input: { name, strategy: name } }, token);
    secret(made.token);
    assert.equal(made.url, `${server}/hooks/tradingview/${made.token}`);
    const sourceId = made.source.id;
    const time = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000).toISOString();
    const deliver = () => fetch(made.url, {
      method: 'POST', body: JSON.stringify({ ticker: 'NOSUCH:THING', action: 'buy', interval: '60', time }),
    });
    assert.equal((await deliver()).status, 202);
    const judged = async () => {
      const { nodes } = await call('SignalDeliveries', { filter: { sourceId }, first: 1 }, token);
      return nodes[0]?.verdict ? nodes[0] : new Promise((resolve) => setTimeout(resolve, 100)).then(judged);
    };
    const refused = await within(judged(), 'the verdict');
    assert.equal(refused.verdict, 'REJECTED', JSON.stringify(refused));
    await call('UpdateSignalSource', { input: { id: sourceId, symbols: [{ ticker: 'NOSUCH:THING', symbol: 'AAPL' }] } }, token);
    const { delivery } = await call('RedriveSignalDelivery', { input: { id: refused.id } }, token);
    assert.equal(delivery.verdict, 'INSERTED', JSON.stringify(delivery));
    const source = (await call('SignalSources', {}, token)).find(({ id }) => id === sourceId);
    assert.deepEqual([source.name, source.symbols], [name, [{ ticker: 'NOSUCH:THING', symbol: 'AAPL' }]]);
    const { source: revoked } = await call('RevokeSignalSource', { input: { id: sourceId } }, token);
    assert.ok(revoked.revokedAt);
    assert.equal((await deliver()).status, 404);
  }],
  ['SignalRecorded', async () => {
    ran.add('SignalRecorded');
    const client = createClient({
      url: `${server.replace(/^http/, 'ws')}/graphql/ws`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${known.token}` },
      retryAttempts: 0,
    });
    const sequence = await sequenceNow(server, known.token, async ({ strategies }) => {
      const variables = { filter: { strategy: { in: strategies } } };
      const answers = client.iterate({ query: operations.get('SignalRecorded').text, variables });
      const { value } = await answers.next();
      await answers.return();
      return value;
    });
    assert.match(sequence, /^\d+$/);
    await client.dispose();
  }],
  ['JoinWaitlist, Contact, Waitlist, ContactMessages', async () => {
    const { accessToken: token } = await sessionOf(await call('Login', { input: { email: 'admin@atlas.test', password: PASSWORD } }));
    const joined = await call('JoinWaitlist', { input: { email, interest: 'plan-pro', language: 'en' } });
    assert.equal(joined.isAccepted, true);
    const sent = await call('Contact', { input: { name: 'Vera', email, topic: 'SUPPORT', message: 'It\nworks.' } });
    assert.equal(sent.isAccepted, true);
    const [entry] = (await call('Waitlist', { first: 1 }, token)).nodes;
    assert.deepEqual([entry.email, entry.interest, entry.language], [email, 'plan-pro', 'en']);
    const [message] = (await call('ContactMessages', { first: 1 }, token)).nodes;
    assert.deepEqual([message.email, message.topic, message.message], [email, 'SUPPORT', 'It\nworks.']);
  }],
  ['every saved operation was run', () => {
    assert.deepEqual([...operations.keys()].filter((operation) => !ran.has(operation)), []);
  }],
]);
