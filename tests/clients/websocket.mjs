// Subscriptions over WebSocket: the npm client graphql-ws, and the protocol graphql-transport-ws by hand.
//
//   node websocket.mjs http://127.0.0.1:8080
import assert from 'node:assert/strict';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { FOLLOW, data, login, logout, record, run, sequenceNow, serverFromArguments, strategiesOf, unique, within } from './lib.mjs';

const server = serverFromArguments('websocket');
const url = `${server.replace(/^http/, 'ws')}/graphql/ws`;
const PROTOCOL = 'graphql-transport-ws';
const STREAMS = 20;
const MESSAGE = 64 * 1024;

const token = await login(server, 'trader@atlas.test');

/** A socket whose messages are read one by one. */
class Socket {
  constructor({ protocol = PROTOCOL, headers = {} } = {}) {
    this.socket = new WebSocket(url, protocol, { headers });
    this.messages = [];
    this.waiting = [];
    this.closed = new Promise((resolve) => this.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })));
    this.opened = new Promise((resolve, reject) => {
      this.socket.on('open', resolve);
      this.socket.on('unexpected-response', (_, response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => reject(Object.assign(new Error(`HTTP ${response.statusCode}`), {
          status: response.statusCode, body: Buffer.concat(chunks).toString(),
        })));
      });
      this.socket.on('error', reject);
    });
    this.opened.catch(() => {});
    this.socket.on('message', (text) => {
      const message = JSON.parse(text);
      const next = this.waiting.shift();
      if (next) next(message); else this.messages.push(message);
    });
  }

  send(message) {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The next message of the server. */
  async next() {
    if (this.messages.length) return this.messages.shift();
    const message = new Promise((resolve) => this.waiting.push(resolve));
    const closed = this.closed.then(({ code, reason }) => { throw new Error(`closed with ${code} ${reason}`); });
    return within(Promise.race([message, closed]), 'a message');
  }

  /** The code that the server closes with. */
  async code() {
    return (await within(this.closed, 'the socket to be closed')).code;
  }

  /** A socket past its handshake. */
  static async ready(payload = { authorization: `Bearer ${token}` }) {
    const socket = new Socket();
    await within(socket.opened, 'the socket to open');
    socket.send({ type: 'connection_init', payload });
    assert.deepEqual(await socket.next(), { type: 'connection_ack' });
    return socket;
  }

  subscribe(id, query, variables) {
    this.send({ id, type: 'subscribe', payload: { query, variables } });
  }

  follow(id, ...strategies) {
    this.subscribe(id, FOLLOW, { strategies });
  }

  close() {
    this.socket.close(1000);
  }
}

/** Everything sent before this call was taken in by the server once this settles, if nothing else is to come. */
async function settled(socket) {
  const payload = { mark: unique('mark') };
  socket.send({ type: 'ping', payload });
  assert.deepEqual(await socket.next(), { type: 'pong', payload });
}

/** Opens a socket, lets it misbehave, and compares the code it is closed with. */
const closesWith = (expected, misbehave, ready = true) => async () => {
  const socket = ready ? await Socket.ready() : new Socket();
  await within(socket.opened, 'the socket to open');
  misbehave(socket);
  assert.equal(await socket.code(), expected);
};

/** What the handshake is answered with. */
async function handshake(options) {
  const socket = new Socket(options);
  try {
    await within(socket.opened, 'the socket to open');
    socket.close();
    return 101;
  } catch (error) {
    if (!error.status) throw error;
    assert.ok(JSON.parse(error.body).errors[0].extensions.code, 'a refusal has the form of a GraphQL error');
    return error.status;
  }
}

/** The codes of the errors that refuse a subscription; the socket goes on. */
async function refusal(socket, query, variables) {
  const id = unique('op');
  socket.subscribe(id, query, variables);
  const message = await socket.next();
  assert.equal(message.type, 'error', JSON.stringify(message));
  assert.equal(message.id, id);
  for (const error of message.payload) assert.ok(error.extensions.requestId, 'an error names the request');
  await settled(socket);
  return message.payload.map((error) => error.extensions.code);
}

/** Follows with the npm client, and hands its answers on until `read` is done with them. */
async function withClient(variables, read, owner = token) {
  const connectionParams = { authorization: `Bearer ${owner}` };
  const client = createClient({ url, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0 });
  const answers = client.iterate({ query: FOLLOW, variables });
  const next = async () => (await within(answers.next(), 'an event')).value;
  try {
    return await read(next);
  } finally {
    await answers.return();
    await client.dispose();
  }
}

const confidenceOf = (answer) => answer.data.signalRecorded.signal.confidence;
const now = (owner = token) => sequenceNow(server, owner, (variables) => withClient(variables, (next) => next(), owner));

await run('websocket', [
  ['graphql-ws: an event for a recorded signal, and the missed ones after its sequence', async () => {
    const start = await now();
    const name = unique('ws');
    const strategies = strategiesOf(name, 1, 2, 3);
    const sequence = await withClient({ strategies, afterSequence: start }, async (next) => {
      await record(server, token, name, 1);
      const answer = await next();
      assert.equal(answer.errors, undefined);
      assert.equal(confidenceOf(answer), 1);
      return answer.data.signalRecorded.sequence;
    });
    await record(server, token, name, 2);
    await record(server, token, name, 3);
    await withClient({ strategies, afterSequence: sequence }, async (next) => {
      assert.deepEqual([confidenceOf(await next()), confidenceOf(await next())], [2, 3]);
    });
  }],
  ['two subscriptions on one socket, and the id of one that was completed again', async () => {
    const socket = await Socket.ready();
    const afterSequence = await now();
    const name = unique('ws');
    const follow = (id, n) => socket.subscribe(id, FOLLOW, { strategies: strategiesOf(name, n), afterSequence });
    const heard = async () => {
      const { type, id, payload } = await socket.next();
      assert.equal(type, 'next', JSON.stringify(payload));
      return `${id}${confidenceOf(payload)}`;
    };
    follow('a', 1);
    follow('b', 2);
    await record(server, token, name, 2);
    assert.equal(await heard(), 'b2');
    await record(server, token, name, 1);
    assert.equal(await heard(), 'a1');
    socket.send({ id: 'a', type: 'complete' });
    follow('a', 3);
    await record(server, token, name, 1, { direction: 'SELL', timeframe: 'M5', signalTime: '2026-01-05T10:00:00Z' });
    await record(server, token, name, 3);
    assert.equal(await heard(), 'a3');
    await settled(socket);
    socket.close();
  }],
  ['a private signal is told to its author alone, one for the tenant to the tenant alone', async () => {
    const [colleague, stranger, seller] = await Promise.all(
      ['trader2@atlas.test', 'admin@rif.test', 'seller@atlas.test'].map((email) => login(server, email)),
    );
    const [ours, theirs] = [await now(colleague), await now(stranger)];
    const name = unique('ws');
    await record(server, token, name, 1);
    await record(server, seller, name, 2, { audience: 'TENANT' });
    await record(server, stranger, name, 3);
    await record(server, colleague, name, 4);
    const strategies = strategiesOf(name, 1, 2, 3, 4);
    await withClient({ strategies, afterSequence: ours }, async (next) => {
      assert.deepEqual([confidenceOf(await next()), confidenceOf(await next())], [2, 4]);
    }, colleague);
    await withClient({ strategies, afterSequence: theirs }, async (next) => {
      assert.equal(confidenceOf(await next()), 3);
    }, stranger);
  }],
  ['the subprotocol graphql-transport-ws and no other', async () => {
    assert.equal(await handshake({ protocol: [PROTOCOL, 'graphql-ws'] }), 101);
    assert.equal(await handshake({ protocol: 'graphql-ws' }), 400);
    assert.equal(await handshake({ protocol: [] }), 400);
  }],
  ['a page of another origin gets 403, one of the own host may', async () => {
    for (const origin of ['https://evil.example', `${server}.evil.example`, 'null']) {
      assert.equal(await handshake({ headers: { origin } }), 403, origin);
    }
    assert.equal(await handshake({ headers: { origin: server } }), 101);
  }],
  ['a bad token in the handshake gets 401', async () => {
    assert.equal(await handshake({ headers: { authorization: 'Bearer of.bad.news' } }), 401);
    assert.equal(await handshake({ headers: { authorization: `Bearer ${token}` } }), 101);
  }],
  ['4400: not JSON', closesWith(4400, (s) => s.send('{'))],
  ['4400: not an object', closesWith(4400, (s) => s.send('[]'))],
  ['4400: a type that there is not', closesWith(4400, (s) => s.send({ type: unique('x'.repeat(200)) }))],
  ['4400: a message of the old protocol', closesWith(4400, (s) => s.send({ id: '1', type: 'start', payload: {} }))],
  ['4400: a subscribe without an id', closesWith(4400, (s) => s.send({ type: 'subscribe', payload: { query: '{a}' } }))],
  ['4400: a subscribe without a query', closesWith(4400, (s) => s.send({ id: '1', type: 'subscribe', payload: {} }))],
  ['4400: a binary message', closesWith(4400, (s) => s.socket.send(Buffer.from('{"type":"ping"}')))],
  ['4400: a message of more than 64 KiB', closesWith(4400, (s) => s.send({ type: 'ping', payload: { long: 'x'.repeat(MESSAGE) } }))],
  ['4400: the same in fragments', closesWith(4400, (s) => {
    for (let sent = 0; sent < MESSAGE + 4096; sent += 4096) s.socket.send('x'.repeat(4096), { fin: false });
  })],
  ['a message of nearly 64 KiB is read', async () => {
    const socket = await Socket.ready();
    const payload = { long: 'x'.repeat(MESSAGE - 100) };
    socket.send({ type: 'ping', payload });
    assert.deepEqual(await socket.next(), { type: 'pong', payload });
    socket.close();
  }],
  ['4401: a subscription before connection_init', closesWith(4401, (s) => s.follow('1', 'x'), false)],
  ['4403: a bad token in connection_init', closesWith(4403, (s) => {
    s.send({ type: 'connection_init', payload: { authorization: 'Bearer of.bad.news' } });
  }, false)],
  ['4403: the session is ended', async () => {
    const own = await login(server, 'trader2@atlas.test');
    const socket = await Socket.ready({ authorization: `Bearer ${own}` });
    socket.follow('1', 'x');
    await settled(socket);
    await logout(server, own);
    assert.equal(await socket.code(), 4403);
  }],
  ['4408: no connection_init within 3 seconds', async () => {
    const from = Date.now();
    const socket = new Socket();
    assert.equal(await socket.code(), 4408);
    const took = Date.now() - from;
    assert.ok(took > 2_500 && took < 6_000, `${took} ms`);
  }],
  ['4409: an id that is in use', closesWith(4409, (s) => { s.follow('1', 'x'); s.follow('1', 'y'); })],
  ['4429: a second connection_init', closesWith(4429, (s) => s.send({ type: 'connection_init' }))],
  ['4429: also before the first is acknowledged', closesWith(4429, (s) => {
    s.send({ type: 'connection_init' });
    s.send({ type: 'connection_init' });
  }, false)],
  ['ping is answered by pong, with and without a payload, before and after the handshake', async () => {
    const socket = new Socket();
    await within(socket.opened, 'the socket to open');
    socket.send({ type: 'ping' });
    assert.deepEqual(await socket.next(), { type: 'pong' });
    socket.send({ type: 'connection_init' });
    assert.deepEqual(await socket.next(), { type: 'connection_ack' });
    socket.send({ type: 'pong' });
    socket.send({ type: 'ping', payload: { a: 1 } });
    assert.deepEqual(await socket.next(), { type: 'pong', payload: { a: 1 } });
    socket.close();
  }],
  ['a query or a mutation is refused, and not run', async () => {
    const socket = await Socket.ready();
    assert.deepEqual(await refusal(socket, '{ viewer { user { id } } }'), ['QUERY_REJECTED']);
    assert.deepEqual(await refusal(socket, 'mutation { logout(input: {}) { sessionId } }'), ['QUERY_REJECTED']);
    const viewer = await data(server, '{ viewer { user { id } } }', {}, { token });
    assert.ok(viewer.viewer.user.id);
    socket.close();
  }],
  ['a document that is wrong is refused with its code', async () => {
    const socket = await Socket.ready();
    assert.deepEqual(await refusal(socket, 'subscription {'), ['GRAPHQL_PARSE_FAILED']);
    assert.deepEqual(await refusal(socket, 'subscription { nothing { id } }'), ['GRAPHQL_VALIDATION_FAILED']);
    assert.deepEqual(await refusal(socket, FOLLOW, { strategies: 7 }), ['GRAPHQL_VALIDATION_FAILED']);
    assert.deepEqual(await refusal(socket, FOLLOW, { afterSequence: 'never' }), ['BAD_REQUEST']);
    socket.close();
  }],
  ['nobody follows anything without signing in', async () => {
    const socket = await Socket.ready({});
    assert.deepEqual(await refusal(socket, FOLLOW), ['UNAUTHENTICATED']);
    socket.close();
  }],
  [`${STREAMS} subscriptions on a socket, and not one more`, async () => {
    const socket = await Socket.ready();
    const name = unique('ws');
    const variables = { strategies: strategiesOf(name, 1), afterSequence: await now() };
    for (let n = 0; n < STREAMS; n += 1) socket.subscribe(`${n}`, FOLLOW, variables);
    await settled(socket);
    const [code] = await refusal(socket, FOLLOW);
    assert.ok(code);
    socket.send({ id: '0', type: 'complete' });
    socket.subscribe('again', FOLLOW, variables);
    await settled(socket);
    await record(server, token, name, 1);
    const heard = new Set();
    for (let n = 0; n < STREAMS; n += 1) {
      const { type, id } = await socket.next();
      assert.equal(type, 'next');
      heard.add(id);
    }
    assert.equal(heard.size, STREAMS);
    assert.ok(heard.has('again') && !heard.has('0'));
    socket.close();
  }],
]);
