// GraphQL over HTTP: every audit of the reference suite (npm graphql-http) must be ok, the optional ones too.
//
//   node audits.mjs http://127.0.0.1:8080
import { serverAudits } from 'graphql-http';
import { run, serverFromArguments } from './lib.mjs';

const server = serverFromArguments('audits');
const audits = serverAudits({ url: `${server}/graphql`, fetchFn: fetch });
const EXPECTED = 61;

const checks = audits.map((audit) => [
  `${audit.id} ${audit.name}`,
  async () => {
    const result = await audit.fn();
    if (result.status === 'ok') return;
    const body = result.response?.bodyUsed ? '' : await result.response?.text();
    throw new Error(`${result.status}: ${result.reason}\n${result.response?.status ?? ''} ${body ?? ''}`);
  },
]);
checks.push([`there are ${EXPECTED} audits`, () => {
  if (audits.length !== EXPECTED) throw new Error(`there are ${audits.length}`);
}]);
await run('audits', checks);
