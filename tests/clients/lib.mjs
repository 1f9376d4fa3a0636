// What the checks share: the server's address, sign-in over plain HTTP, a list of named checks, and waiting.
import { appendFileSync } from 'node:fs';

export const PASSWORD = 'Demo-Passw0rd!';
export const WAIT = 15_000;

/** The server's origin, from the first argument. */
export function serverFromArguments(script) {
  const [url] = process.argv.slice(2);
  if (!url) {
    console.error(`usage: node ${script}.mjs http://127.0.0.1:8080`);
    process.exit(2);
  }
  return new URL(url).origin;
}

/** A value that no log may show: it is written to the file SECRETS_FILE where that is set, one a line. */
export function secret(value) {
  if (process.env.SECRETS_FILE && value) appendFileSync(process.env.SECRETS_FILE, `${value}\n`);
  return value;
}

/** Sends an operation by POST; the status, the headers and the parsed body. */
export async function post(server, query, variables = {}, { token, headers = {}, operationName } = {}) {
  const response = await fetch(`${server}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...headers,
    },
    body: JSON.stringify({ query, variables, operationName }),
    signal: AbortSignal.timeout(WAIT),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** The data of an operation that must succeed. */
export async function data(server, query, variables, options) {
  const { status, body } = await post(server, query, variables, options);
  if (status !== 200 || body.errors) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body.data;
}

/** Signs a user of the demo in; the access token. */
export async function login(server, email) {
  const query = `mutation Login($input: LoginInput!) {
    login(input: $input) { session { accessToken refreshToken } userErrors { code message } }
  }`;
  const { session, userErrors } = (await data(server, query, { input: { email, password: secret(PASSWORD) } })).login;
  if (!session) throw new Error(`${email} cannot sign in: ${JSON.stringify(userErrors)}`);
  secret(session.refreshToken);
  return secret(session.accessToken);
}

/** Ends the session of a token. */
export async function logout(server, token) {
  const query = 'mutation Logout { logout(input: {}) { sessionId userErrors { code message } } }';
  const { logout: done } = await data(server, query, {}, { token });
  if (!done.sessionId) throw new Error(`cannot sign out: ${JSON.stringify(done.userErrors)}`);
}

/** A name that nothing else in the database has. */
export const unique = (prefix) => `${prefix}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;

/** Records a signal of this strategy; what tells one of them from another is the confidence. */
export async function record(server, token, strategy, confidence, more = {}) {
  const query = `mutation Record($input: RecordSignalInput!) {
    recordSignal(input: $input) { outcome signal { id } userErrors { code message path } }
  }`;
  const minute = new Date(Math.floor(Date.now() / 60_000) * 60_000).toISOString();
  const input = {
    symbol: 'AAPL', mode: 'SCALP', timeframe: 'M1', signalTime: minute, direction: 'BUY',
    strategy: `${strategy}-${confidence}`, confidence, ...more,
  };
  const { recordSignal } = await data(server, query, { input }, { token });
  if (recordSignal.outcome !== 'INSERTED') throw new Error(`not recorded: ${JSON.stringify(recordSignal)}`);
  return recordSignal.signal.id;
}

/** The document that follows the signals of the strategies that `record` makes of a name. */
export const FOLLOW = `subscription Follow($strategies: [String!], $afterSequence: String) {
  signalRecorded(filter: {strategy: {in: $strategies}}, afterSequence: $afterSequence) {
    sequence
    signal { id strategy confidence }
  }
}`;

/** The strategies of the signals that `record` makes of a name with these confidences. */
export const strategiesOf = (name, ...confidences) => confidences.map((confidence) => `${name}-${confidence}`);

/**
 * The sequence of a signal recorded just now. What is followed after it misses nothing, however long it takes until
 * the server has set the subscription up: no protocol tells a client when that is done. So this one itself goes on
 * recording until it hears of one.
 */
export async function sequenceNow(server, token, firstEvent) {
  const name = unique('now');
  const confidences = Array.from({ length: 50 }, (_, n) => n);
  let isHeard = false;
  const heard = firstEvent({ strategies: strategiesOf(name, ...confidences) }).finally(() => { isHeard = true; });
  heard.catch(() => {});
  for (const confidence of confidences) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (isHeard) break;
    await record(server, token, name, confidence);
  }
  const event = await within(heard, 'a first event');
  if (event.errors) throw new Error(JSON.stringify(event));
  return event.data.signalRecorded.sequence;
}

/** Rejects unless the promise settles in time. */
export function within(promise, what, milliseconds = WAIT) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Runs named checks one after the other, tells of each, and ends the process with 1 if one failed. */
export async function run(name, checks) {
  let failed = 0;
  for (const [what, check] of checks) {
    try {
      await check();
      console.log(`  ok      ${what}`);
    } catch (error) {
      failed += 1;
      console.log(`  FAILED  ${what}\n          ${String(error.message).split('\n').join('\n          ')}`);
    }
  }
  console.log(`${name}: ${checks.length - failed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}
