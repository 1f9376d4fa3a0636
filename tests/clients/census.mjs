// Prints how many signals and sources each login of the demo sees, one line for all: equal lines, equal data.
//
//   node census.mjs http://127.0.0.1:8080
import { data, login, serverFromArguments } from './lib.mjs';

const server = serverFromArguments('census');
const logins = ['owner@demo.test', 'admin@atlas.test', 'seller@atlas.test', 'trader@atlas.test', 'admin@rif.test'];
const counts = [];
for (const email of logins) {
  const token = await login(server, email);
  const { signals, signalSources } = await data(server, '{ signals { totalCount } signalSources { id } }', {}, { token });
  counts.push(`${email} ${signals.totalCount}/${signalSources.length}`);
}
console.log(counts.join(', '));
