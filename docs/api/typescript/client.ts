// Signs in and lists the newest signals, typed from the schema to the last field.
//
//   node out/client.js http://127.0.0.1:8080 [email] [password]
import { LoginDocument, SignalsDocument, type TypedDocumentString } from './generated.js';

const [, , server = 'http://127.0.0.1:8080', email = 'trader@atlas.test', password = 'Demo-Passw0rd!'] = process.argv;

/** An answer as GraphQL over HTTP has it. */
interface Answer<Result> {
  data?: Result | null;
  errors?: { message: string; extensions: { code: string; requestId: string; retryable: boolean } }[];
}

/** Runs an operation. What the caller can mend is in the payload's userErrors, everything else is thrown. */
async function run<Result, Variables>(
  document: TypedDocumentString<Result, Variables>,
  variables: Variables,
  token?: string,
): Promise<Result> {
  const response = await fetch(`${server}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query: document.toString(), variables }),
  });
  const { data, errors } = (await response.json()) as Answer<Result>;
  if (errors?.[0]) throw new Error(`${errors[0].extensions.code}: ${errors[0].message}`);
  if (!data) throw new Error(`answered ${response.status} without data`);
  return data;
}

const { login } = await run(LoginDocument, { input: { email, password } });
if (!login?.session) throw new Error(login?.userErrors.map((error) => error.message).join('; '));

const { signals } = await run(
  SignalsDocument,
  { first: 5, filter: { confidence: { gte: 60 }, direction: { in: ['BUY', 'SELL'] } } },
  login.session.accessToken,
);
for (const signal of signals?.nodes ?? []) {
  const prices = [signal.entry, signal.target, signal.stop].map((price) => price ?? '-').join(' / ');
  console.log(`${signal.signalTime}  ${signal.symbol}  ${signal.timeframe}  ${signal.direction}  ${signal.confidence}%  ${prices}`);
}
console.log(`${signals?.nodes.length ?? 0} signals`);
