// Signs a user of the demo in and prints the access token.
//
//   node token.mjs http://127.0.0.1:8080 admin@atlas.test
import { login, serverFromArguments } from './lib.mjs';

console.log(await login(serverFromArguments('token'), process.argv[3] ?? 'admin@atlas.test'));
