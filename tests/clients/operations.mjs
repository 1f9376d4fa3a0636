// The saved operations of docs/operations: they reach every root field of the schema, and each of them runs.
//
//   MAIL_FOLDER=data/mail node operations.mjs http://127.0.0.1:8080
//
// MAIL_FOLDER is where the server writes its letters.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { Kind, buildClientSchema, getIntrospectionQuery, parse, validate } from 'graphql';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { PASSWORD, data, login, run, secret, sequenceNow, serverFromArguments, unique, within } from './lib.mjs';

const server = serverFromArguments('operations');
const folder = new URL('../../docs/operations/', import.meta.url);
const TERMS = '2026-11';

const operations = new Map();
for (const file of readdirSync(folder).filter((name) => name.endsWith('.graphql'))) {
  const text = readFileSync(new URL(file, folder), 'utf8');
  operations.set(file.replace('.graphql', ''), { text, document: parse(text) });
}
const ran = new Set();

/** Runs a saved operation; the values of its root fields. */
async function answers(name, variables, token) {
  ran.add(name);
  return data(server, operations.get(name).text, variables, { token, operationName: name });
}

/** Runs a saved operation; the value of its root field. */
async function answerTo(name, variables, token) {
  const [answer] = Object.values(await answers(name, variables, token));
  return answer;
}

/** The same, which must have no userErrors. */
async function call(name, variables, token) {
  const answer = await answerTo(name, variables, token);
  assert.deepEqual(answer?.userErrors ?? [], []);
  return answer;
}

/** Signs in; what is to stay secret is noted. */
async function sessionOf(answer) {
  secret(answer.session.refreshToken);
  secret(answer.session.accessToken);
  return answer.session;
}

/** Waits for a letter to this address with a link to this page; the link's token, which no log may show. */
async function tokenFromMail(to, page) {
  const folder = process.env.MAIL_FOLDER;
  assert.ok(folder, 'MAIL_FOLDER is not set');
  const look = async () => {
    for (const file of existsSync(folder) ? readdirSync(folder) : []) {
      const letter = readFileSync(`${folder}/${file}`, 'utf8');
      // Quoted-printable: soft line breaks away, then the bytes.
      const text = letter.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
      const found = text.match(new RegExp(`/${page}#token=([A-Za-z0-9_-]+)`));
      if (letter.includes(`To: ${to}\r\n`) && found && !seen.has(found[1])) {
        seen.add(found[1]);
        return secret(found[1]);
      }
    }
    return new Promise((resolve) => setTimeout(resolve, 100)).then(look);
  };
  return within(look(), `a letter to ${to} about ${page}`);
}
const seen = new Set();

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
  ['VerifyEmail, ResendVerification, RequestPasswordReset, ResetPassword, ChangePassword, UpdateProfile, CloseAccount', async () => {
    const person = { email: `${unique('person')}@example.test`, firstName: 'Petra', lastName: 'Person', acceptTerms: TERMS };
    const passwords = ['First', 'Second', 'Third'].map((word) => secret(`${unique(word)}-W0rd!`));
    await sessionOf(await call('Register', { input: { ...person, password: passwords[0] } }));
    await tokenFromMail(person.email, 'verify-email');
    await call('ResendVerification', { input: { email: person.email } });
    const verified = await call('VerifyEmail', { input: { token: await tokenFromMail(person.email, 'verify-email') } });
    assert.equal(verified.email, person.email);
    await call('RequestPasswordReset', { input: { email: person.email } });
    await call('ResetPassword', { input: { token: await tokenFromMail(person.email, 'reset-password'), password: passwords[1] } });
    const { accessToken: token } = await sessionOf(await call('Login', { input: { email: person.email, password: passwords[1] } }));
    const change = { currentPassword: passwords[1], newPassword: passwords[2] };
    assert.equal((await call('ChangePassword', { input: change }, token)).endedSessions, 0);
    const { user } = await call('UpdateProfile', { input: { lastName: 'Persson', locale: 'ES' } }, token);
    assert.deepEqual([user.firstName, user.lastName, user.locale], ['Petra', 'Persson', 'ES']);
    assert.equal((await call('CloseAccount', { input: { password: passwords[2] } }, token)).user.id, user.id);
  }],
  ['InviteUser, AcceptInvitation', async () => {
    const admin = { email: 'admin@atlas.test', password: PASSWORD };
    const { accessToken: token } = await sessionOf(await call('Login', { input: admin }));
    const person = { email: `${unique('invited')}@example.test`, firstName: 'Ines', lastName: 'Invited', role: 'SUPPORT' };
    const { user } = await call('InviteUser', { input: person }, token);
    assert.deepEqual([user.email, user.role, user.isInvited], [person.email, 'SUPPORT', true]);
    const invitation = await tokenFromMail(person.email, 'accept-invitation');
    const input = { token: invitation, password: secret(`${unique('Invited')}-W0rd!`), acceptTerms: TERMS };
    const accepted = await call('AcceptInvitation', { input });
    await sessionOf(accepted);
    assert.deepEqual([accepted.viewer.user.id, accepted.viewer.role], [user.id, 'SUPPORT']);
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
  ['SchedulerStatus, SchedulerRunFinished, RunJob, SchedulerRuns, PauseJob, ResumeJob, BreakSchedulerLock', async () => {
    const token = await login(server, 'owner@demo.test');
    const status = await call('SchedulerStatus', {}, token);
    assert.equal(status.lock.isHeld, true, JSON.stringify(status.lock));
    const job = 'run_retention';
    assert.ok(status.jobs.some(({ name, lastRun }) => name === job && lastRun), JSON.stringify(status.jobs));

    ran.add('SchedulerRunFinished');
    const client = createClient({
      url: `${server.replace(/^http/, 'ws')}/graphql/ws`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${token}` },
      retryAttempts: 0,
    });
    const answers = client.iterate({ query: operations.get('SchedulerRunFinished').text });
    let isHeard = false;
    // Other jobs have runs of their own meanwhile.
    const ofThisJob = async () => {
      const { value } = await answers.next();
      return value.data.schedulerRunFinished.job === job ? value : ofThisJob();
    };
    const heard = ofThisJob().finally(() => { isHeard = true; });
    // No protocol tells when a subscription is set up: it is asked for runs until one is heard of.
    while (!isHeard) {
      await call('RunJob', { input: { job } }, token);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const value = await within(heard, 'a finished run');
    await answers.return();
    await client.dispose();
    const run = value.data.schedulerRunFinished;
    assert.equal(run.status, 'SUCCEEDED', JSON.stringify(run));
    const { nodes } = await call('SchedulerRuns', { filter: { job: { eq: run.job }, status: { eq: 'SUCCEEDED' } }, first: 100 }, token);
    assert.ok(nodes.some(({ id, requestedBy }) => id === run.id && requestedBy), JSON.stringify(nodes[0]));

    assert.equal((await call('PauseJob', { input: { job } }, token)).job.isPaused, true);
    assert.equal((await call('ResumeJob', { input: { job } }, token)).job.isPaused, false);
    const { fencingToken } = (await call('SchedulerStatus', {}, token)).lock;
    const { lock } = await call('BreakSchedulerLock', { input: { fencingToken } }, token);
    assert.ok(BigInt(lock.fencingToken) > BigInt(fencingToken));
    const heldAgain = async () => {
      const { lock: now } = await call('SchedulerStatus', {}, token);
      return now.isHeld ? now : new Promise((resolve) => setTimeout(resolve, 200)).then(heldAgain);
    };
    const again = await within(heldAgain(), 'a new term', 60_000);
    assert.ok(BigInt(again.fencingToken) > BigInt(lock.fencingToken));
  }],
  ['DeadLetters, RedriveLetter', async () => {
    const token = await login(server, 'owner@demo.test');
    assert.deepEqual((await call('DeadLetters', { first: 5 }, token)).nodes, []);
    const input = { id: 'ltr_01h455vb4pex5vsknk084sn02q' };
    const { userErrors } = await answerTo('RedriveLetter', { input }, token);
    assert.equal(userErrors[0].code, 'NOT_FOUND');
  }],
  ['Plans, Assets, Asset, Exchanges, MarketStatus, Quote, Quotes, Candles, SourceHealth, QuoteUpdated', async () => {
    const token = await login(server, 'trader@atlas.test');
    const owner = await login(server, 'owner@demo.test');
    assert.ok((await call('Assets', { search: 'appl', first: 5 }, token)).nodes.some(({ symbol }) => symbol === 'AAPL'));
    assert.equal((await call('Asset', { symbol: 'ATW.CS' }, token)).currency, 'MAD');
    const exchanges = await call('Exchanges', {}, token);
    assert.ok(exchanges.some(({ code, timeZone }) => code === 'NASDAQ' && timeZone === 'America/New_York'), JSON.stringify(exchanges));
    const plans = await call('Plans', {});
    assert.deepEqual(plans.map(({ code, monthlyPrice }) => [code, monthlyPrice]), [['FREE', '0'], ['BASIC', '29'], ['PRO', '99'], ['ENTERPRISE', '299']]);
    const saturday = { exchange: 'NASDAQ', at: '2026-11-21T15:00:00Z' };
    assert.deepEqual(await call('MarketStatus', saturday, token), { isOpen: false, holidaysKnown: true, nextChange: '2026-11-23T14:30:00+00:00' });
    const quote = await call('Quote', { symbol: 'BTC-USD', currency: 'EUR' }, token);
    assert.deepEqual([quote.source, quote.currency, quote.rate.from, quote.rate.to], ['DEMO', 'EUR', 'USD', 'EUR'], JSON.stringify(quote));
    assert.equal((await call('Quotes', { symbols: ['AAPL', 'MSFT'] }, token)).length, 2);
    const { candles } = await call('Candles', { symbol: 'AAPL', timeframe: 'D1', range: 'Y1' }, token);
    assert.ok(candles.length > 240 && candles.every(({ openTime }, at) => at === 0 || candles[at - 1].openTime < openTime), String(candles.length));
    assert.ok((await call('SourceHealth', {}, owner)).some(({ name }) => name === 'DEMO'));

    ran.add('QuoteUpdated');
    const client = createClient({
      url: `${server.replace(/^http/, 'ws')}/graphql/ws`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${token}` },
      retryAttempts: 0,
    });
    const answers = client.iterate({ query: operations.get('QuoteUpdated').text, variables: { symbols: ['BTC-USD', 'ETH-USD'] } });
    const next = answers.next();
    // What is asked for is refreshed, at once where it is old, and by a job.
    const asking = setInterval(() => call('Quotes', { symbols: ['BTC-USD', 'ETH-USD'] }, token).catch(() => {}), 2_000);
    const { value } = await within(next, 'a quote', 120_000);
    clearInterval(asking);
    assert.equal(value.data.quoteUpdated.source, 'DEMO', JSON.stringify(value));
    await answers.return();
    await client.dispose();
  }],
  ['CreateWatchlist, AddToWatchlist, RenameWatchlist, Watchlists, Watchlist, RemoveFromWatchlist, DeleteWatchlist', async () => {
    const token = await login(server, 'trader@atlas.test');
    const { id } = (await call('CreateWatchlist', { input: { name: 'mine' } }, token)).watchlist;
    const symbols = ['AAPL', 'BTC-USD'];
    assert.deepEqual((await call('AddToWatchlist', { input: { id, symbols } }, token)).watchlist.assets.map(({ symbol }) => symbol), symbols);
    assert.equal((await call('RenameWatchlist', { input: { id, name: 'ours' } }, token)).watchlist.name, 'ours');
    assert.ok((await call('Watchlists', {}, token)).some((list) => list.id === id && list.quotes.length === 2));
    assert.equal((await call('Watchlist', { id }, token)).name, 'ours');
    const left = await call('RemoveFromWatchlist', { input: { id, symbols: ['AAPL'] } }, token);
    assert.deepEqual(left.watchlist.assets.map(({ symbol }) => symbol), ['BTC-USD']);
    assert.equal((await call('DeleteWatchlist', { input: { id } }, token)).deletedId, id);
  }],
  ['Strategies, SwitchStrategy, Analyze, Indicators, SignalStats, SimilarSignals', async () => {
    const [token, admin] = [await login(server, 'seller@atlas.test'), await login(server, 'admin@atlas.test')];
    const strategies = await call('Strategies', {}, token);
    assert.ok(strategies.some(({ name, votes }) => name === 'consensus' && votes.length > 3), JSON.stringify(strategies));
    for (const isOn of [false, true]) {
      const { strategy } = await call('SwitchStrategy', { input: { strategy: 'volume-spike', isOn } }, admin);
      assert.equal(strategy.isOn, isOn);
    }
    const input = { symbol: 'MSFT', timeframe: 'D1', mode: 'SWING', strategy: 'consensus' };
    const { signal } = await call('Analyze', { input }, token);
    assert.ok(signal.reasons.length > 0 && signal.confidence >= 0, JSON.stringify(signal));
    assert.equal((await call('Analyze', { input }, token)).outcome, 'IGNORED');
    const kinds = [{ kind: 'RSI' }, { kind: 'MACD' }];
    const series = await call('Indicators', { symbol: 'MSFT', timeframe: 'D1', kinds, range: 'M3' }, token);
    assert.deepEqual(series.map(({ kind, lines }) => [kind, lines.length]), [['RSI', 1], ['MACD', 3]]);
    const stats = await call('SignalStats', { groupBy: 'STRATEGY' }, token);
    // The demo's own signals rest on simulated prices, those of this file on none.
    assert.ok(stats.some(({ count, simulated }) => count > 0 && simulated === count), JSON.stringify(stats));
    assert.ok(stats.every(({ hindsight }) => Number.isInteger(hindsight)), JSON.stringify(stats));
    assert.ok(signal.isSimulated && !signal.inHindsight, JSON.stringify(signal));
    assert.ok(Array.isArray(await call('SimilarSignals', { id: signal.id, first: 3 }, token)));
  }],
  ['Sessions, Capabilities, ApiKeys, CreateApiKey, RevokeApiKey, LogoutEverywhere', async () => {
    const input = { email: 'trader2@atlas.test', password: PASSWORD };
    const { accessToken: token } = await sessionOf(await call('Login', { input }));
    const sessions = await call('Sessions', {}, token);
    assert.equal(sessions.nodes.filter(({ isCurrent }) => isCurrent).length, 1);
    const made = await call('CreateApiKey', { input: { name, scopes: ['SIGNALS_READ'] } }, token);
    const key = secret(made.token);
    assert.match(key, /^bw_[0-9a-f]{72}$/);
    const { apiKey, capabilities } = await call('Capabilities', {}, key);
    assert.equal(apiKey.id, made.apiKey.id);
    assert.deepEqual(capabilities.filter(({ isAllowed }) => isAllowed).map(({ permission }) => permission), ['SIGNALS_READ']);
    await call('Signals', { first: 1 }, key);
    const { apiKey: revoked } = await call('RevokeApiKey', { input: { id: made.apiKey.id } }, token);
    assert.ok(revoked.revokedAt);
    assert.equal((await call('ApiKeys', {}, token)).nodes[0].revokedAt, revoked.revokedAt);
    assert.ok((await call('LogoutEverywhere', { input: {} }, token)).endedSessions >= 1);
  }],
  ['Users, User, SetUserRole, SuspendUser, ActivateUser, EndUserSessions, AuditLog, AuditLogCsv', async () => {
    const input = { email: 'admin@atlas.test', password: PASSWORD };
    const { accessToken: token } = await sessionOf(await call('Login', { input }));
    const { nodes } = await call('Users', { filter: { search: email }, orderBy: { field: 'EMAIL', direction: 'ASC' } }, token);
    const [{ id }] = nodes;
    assert.deepEqual(nodes.map((user) => user.email), [email]);
    assert.equal((await call('SetUserRole', { input: { userId: id, role: 'SELLER' } }, token)).user.role, 'SELLER');
    assert.equal((await call('User', { id }, token)).role, 'SELLER');
    assert.equal((await call('SuspendUser', { input: { userId: id, reason: 'a check' } }, token)).user.status, 'SUSPENDED');
    assert.equal((await call('ActivateUser', { input: { userId: id } }, token)).user.status, 'ACTIVE');
    await call('EndUserSessions', { input: { userId: id } }, token);
    const log = await call('AuditLog', { filter: { subject: id }, first: 3 }, token);
    assert.deepEqual(log.nodes.map(({ action }) => action), ['USER_ACTIVATED', 'USER_SUSPENDED', 'USER_ROLE_CHANGED']);
    const lines = (await call('AuditLogCsv', { filter: { subject: id } }, token)).trim().split('\r\n');
    assert.ok(lines[0].startsWith('entry,tenant,sequence,at,action') && lines[1].includes('USER_ACTIVATED'));
  }],
  ['Tenants, Tenant, CreateTenant, SuspendTenant, ActivateTenant', async () => {
    const input = { email: 'owner@demo.test', password: PASSWORD };
    const { accessToken: token } = await sessionOf(await call('Login', { input }));
    const slug = name.toLowerCase().replace(/[^a-z0-9-]/g, '-').slice(0, 40);
    const { tenant: { id: tenantId } } = await call('CreateTenant', { input: { slug, name } }, token);
    assert.equal((await call('Tenants', { filter: { search: slug } }, token)).nodes[0].id, tenantId);
    assert.equal((await call('SuspendTenant', { input: { tenantId, reason: 'a check' } }, token)).tenant.status, 'SUSPENDED');
    assert.equal((await call('Tenant', { id: tenantId }, token)).status, 'SUSPENDED');
    assert.equal((await call('ActivateTenant', { input: { tenantId } }, token)).tenant.status, 'ACTIVE');
  }],
  ['JoinWaitlist, Contact, Waitlist, ContactMessages, RemoveWaitlistEntry, RemoveContactMessage', async () => {
    const { accessToken: token } = await sessionOf(await call('Login', { input: { email: 'admin@atlas.test', password: PASSWORD } }));
    const joined = await call('JoinWaitlist', { input: { email, interest: 'plan-pro', language: 'en' } });
    assert.equal(joined.isAccepted, true);
    const sent = await call('Contact', { input: { name: 'Vera', email, topic: 'SUPPORT', message: 'It\nworks.' } });
    assert.equal(sent.isAccepted, true);
    const [entry] = (await call('Waitlist', { first: 1, email }, token)).nodes;
    assert.deepEqual([entry.email, entry.interest, entry.language], [email, 'plan-pro', 'en']);
    const [message] = (await call('ContactMessages', { first: 1 }, token)).nodes;
    assert.deepEqual([message.email, message.topic, message.message], [email, 'SUPPORT', 'It\nworks.']);
    assert.equal((await call('RemoveWaitlistEntry', { input: { id: entry.id } }, token)).removedId, entry.id);
    assert.equal((await call('Waitlist', { first: 1, email }, token)).totalCount, 0);
    assert.equal((await call('RemoveContactMessage', { input: { id: message.id } }, token)).removedId, message.id);
  }],
  ['OpenAccount, SimulateOrder, PlaceOrder, Positions, CloseTrade, AccountMetrics, TradeHistory, TradeHistoryCsv: the whole path', async () => {
    const { accessToken: token } = await sessionOf(await call('Login', { input: { email: 'trader@atlas.test', password: PASSWORD } }));
    const [signal] = (await call('Signals', { first: 1 }, token)).nodes;
    assert.equal((await call('Signal', { id: signal.id }, token)).id, signal.id);
    const { account } = await call('OpenAccount', { input: { name, whenClosed: 'WAIT' } }, token);
    // Crypto trades around the clock.
    const order = { accountId: account.id, symbol: 'BTC-USD', side: 'BUY', quantity: '0.1', type: 'MARKET', signalId: signal.id };
    const tried = await call('SimulateOrder', { input: order }, token);
    assert.ok(tried.fillsNow && tried.expectedPrice > 0, JSON.stringify(tried));
    ran.add('AccountChanged');
    const client = createClient({
      url: `${server.replace(/^http/, 'ws')}/graphql/ws`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${token}` },
      retryAttempts: 0,
    });
    const changes = client.iterate({ query: operations.get('AccountChanged').text, variables: { id: account.id } });
    const { value: asItIs } = await within(changes.next(), 'the account as it is');
    assert.equal(asItIs.data.accountChanged.balance, account.balance, JSON.stringify(asItIs));
    const input = { ...order, clientOrderId: name };
    const placed = await call('PlaceOrder', { input }, token);
    assert.deepEqual([placed.order.status, placed.replayed], ['FILLED', false]);
    assert.equal((await call('PlaceOrder', { input }, token)).replayed, true);
    const { value: changed } = await within(changes.next(), 'the account as it became');
    assert.notEqual(changed.data.accountChanged.equity, account.balance);
    await changes.return();
    await client.dispose();
    const [position] = await call('Positions', { accountId: account.id }, token);
    assert.deepEqual([position.symbol, position.quantity], ['BTC-USD', '0.1']);
    assert.equal((await call('Portfolio', { accountId: account.id }, token)).byAsset[0].percent, '100');
    const half = await call('CloseTrade', { input: { tradeId: placed.trade.id, quantity: '0.05' } }, token);
    assert.equal(half.trade.parentId, placed.trade.id);
    const whole = await call('CloseTrade', { input: { tradeId: placed.trade.id } }, token);
    assert.equal(whole.trade.id, placed.trade.id);
    const metrics = await call('AccountMetrics', { accountId: account.id }, token);
    assert.deepEqual([metrics.closedTrades, metrics.openTrades, metrics.balance], [2, 0, whole.account.balance]);
    assert.equal((await call('TradeHistory', { accountId: account.id }, token)).totalCount, 2);
    const lines = (await call('TradeHistoryCsv', { accountId: account.id }, token)).trim().split('\r\n');
    assert.deepEqual([lines.length, lines[0].split(',')[0]], [3, 'trade']);
    assert.equal((await call('Ledger', { accountId: account.id }, token)).nodes[0].balanceAfter, metrics.balance);
    assert.equal((await call('ExplainBalance', { accountId: account.id }, token)).balance, metrics.balance);
    assert.ok((await call('EquityCurve', { accountId: account.id, resolution: 'INTRADAY' }, token)).length >= 3);
    assert.ok((await call('DailyPnl', { accountId: account.id }, token)).length >= 1);
    assert.equal((await call('TradeDistributions', { accountId: account.id }, token)).bySymbol[0].count, 2);
    await call('PlaceOrder', { input: order }, token);
    assert.equal((await call('CloseAll', { input: { accountId: account.id, symbol: 'BTC-USD' } }, token)).trades.length, 1);
    const { order: waits } = await call('PlaceOrder', { input: { ...order, type: 'LIMIT', limitPrice: '1' } }, token);
    assert.equal((await call('CancelOrder', { input: { orderId: waits.id } }, token)).order.status, 'CANCELLED');
    assert.equal((await call('Orders', { accountId: account.id, status: 'CANCELLED' }, token)).nodes.length, 1);
    assert.ok((await call('Accounts', {}, token)).totalCount >= 1);
    assert.equal((await call('Account', { id: account.id }, token)).id, account.id);
    const admin = await sessionOf(await call('Login', { input: { email: 'admin@atlas.test', password: PASSWORD } }));
    const closing = { accountId: account.id, status: 'CLOSED', reason: 'checked' };
    assert.equal((await call('SetAccountStatus', { input: closing }, admin.accessToken)).account.status, 'CLOSED');
  }],
  ['ChallengeTiers, GrantChallenge, StartChallenge, ChallengeChanged, and to the certificate with its evidence', async () => {
    const [token, admin] = [await login(server, 'trader@atlas.test'), await login(server, 'admin@atlas.test')];
    const tiers = await call('ChallengeTiers', {});
    assert.deepEqual(tiers.map(({ code }) => code), ['STARTER', 'PRO', 'ELITE']);
    assert.deepEqual(tiers[0].phases.map(({ phase }) => phase), ['EVALUATION', 'FUNDED']);
    const { user } = await call('Viewer', {}, token);
    const grant = async () => (await call('GrantChallenge', { input: { userId: user.id, tier: 'starter', reason: name } }, admin)).challenge.id;
    const steer = async (operation, challengeId, more = {}) => (await call(operation, { input: { challengeId, reason: name, ...more } }, admin)).challenge;
    const challengeId = await grant();
    ran.add('ChallengeChanged');
    const client = createClient({
      url: `${server.replace(/^http/, 'ws')}/graphql/ws`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${token}` },
      retryAttempts: 0,
    });
    const changes = client.iterate({ query: operations.get('ChallengeChanged').text, variables: { id: challengeId } });
    const { value: waiting } = await within(changes.next(), 'the challenge as it is');
    assert.equal(waiting.data.challengeChanged.status, 'PENDING', JSON.stringify(waiting));
    const { challenge: begun } = await call('StartChallenge', { input: { challengeId } }, token);
    assert.deepEqual([begun.status, begun.account.balance], ['ACTIVE', tiers[0].phases[0].initialBalance]);
    const { value: told } = await within(changes.next(), 'the challenge as it was begun');
    assert.equal(told.data.challengeChanged.account.id, begun.account.id, JSON.stringify(told));
    await changes.return();
    await client.dispose();
    assert.equal((await steer('EvaluateChallenge', challengeId)).status, 'ACTIVE');
    assert.equal((await steer('AdjustChallengeBalance', challengeId, { amount: '10.5' })).account.balance, String(Number(begun.account.balance) + 10.5));
    const { expiresAt } = await steer('ExtendChallenge', challengeId, { days: 2 });
    assert.equal(Date.parse(expiresAt) - Date.parse(begun.expiresAt), 2 * 86_400_000);
    const passed = await steer('PassChallenge', challengeId);
    assert.match(passed.certificate.number, /^CH-/);

    const challenge = await call('Challenge', { id: challengeId }, token);
    assert.deepEqual([challenge.status, challenge.nextPhase.id, challenge.account.status], ['PASSED', passed.nextPhase.id, 'CLOSED']);
    assert.ok(challenge.history.some(({ reason }) => reason === name), JSON.stringify(challenge.history));
    const { nodes, totalCount } = challenge.evidence;
    assert.equal(nodes.at(-1).hash, challenge.certificate.evidenceHash);
    assert.deepEqual(await call('VerifyEvidence', { challengeId }, token), { isValid: true, rows: totalCount, problem: null });
    const lines = (await call('ExportEvidence', { challengeId }, token)).trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual([lines.length, lines[0].rulesHash], [totalCount + 1, challenge.rulesHash]);

    assert.equal((await steer('CancelChallenge', passed.nextPhase.id)).status, 'CANCELLED');
    const another = await grant();
    await call('StartChallenge', { input: { challengeId: another } }, token);
    assert.equal((await steer('FailChallenge', another)).status, 'FAILED');
    const failed = await call('Challenges', { filter: { statuses: ['FAILED'], userId: user.id }, first: 100 }, token);
    assert.ok(failed.nodes.some(({ id }) => id === another), JSON.stringify(failed.nodes));
    // The demo's own: failed by what was traded.
    const ofTrading = await Promise.all(failed.nodes.map(({ id }) => call('Challenge', { id }, token)));
    assert.ok(ofTrading.some(({ violations }) => violations.length === 1), JSON.stringify(ofTrading.map(({ violations }) => violations)));
  }],
  ['Leaderboard, TraderProfile, SetLeaderboardName', async () => {
    const token = await login(server, 'trader2@atlas.test');
    // What the demo's traders did before it began.
    const { leaderboard, myRank } = await answers('Leaderboard', { period: 'ALL_TIME', scope: 'CHALLENGE', first: 5 }, token);
    assert.ok(leaderboard.totalCount >= 1 && leaderboard.nodes[0].rank === 1, JSON.stringify(leaderboard));
    assert.ok(myRank.rank >= 1 && myRank.currency === 'USD', JSON.stringify(myRank));
    const profile = await call('TraderProfile', {}, token);
    assert.equal(profile.challengesPassed, 1, JSON.stringify(profile));
    assert.ok(profile.achievements.some(({ kind, unlockedAt }) => kind === 'CHALLENGE_PASSED' && unlockedAt), JSON.stringify(profile));
    for (const showsName of [true, false]) {
      const { profile: chosen } = await call('SetLeaderboardName', { input: { showsName } }, token);
      assert.equal(chosen.showsName, showsName);
      assert.equal(chosen.displayName.startsWith('T-'), !showsName, chosen.displayName);
    }
  }],
  ['every saved operation was run', () => {
    assert.deepEqual([...operations.keys()].filter((operation) => !ran.has(operation)), []);
  }],
]);
