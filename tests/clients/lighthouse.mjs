// Lighthouse, as on a mobile phone, for the landing page, the prices and an article in both languages: 95 of 100 or more
// in each category.
//
//   node lighthouse.mjs http://127.0.0.1:8080
import lighthouse from 'lighthouse';
import { run, serverFromArguments } from './lib.mjs';
import { launch } from './site/browser.mjs';

const server = serverFromArguments('lighthouse');
const LEAST = 95;
const CATEGORIES = ['performance', 'accessibility', 'best-practices', 'seo'];
const PATHS = ['/', '/es/', '/pricing/', '/es/pricing/', '/help/follow-live/', '/es/help/follow-live/'];

const browser = await launch(['--remote-debugging-port=0']);
const port = Number(new URL(browser.wsEndpoint()).port);

/** The page's scores, of 100, and what each category lost points for. */
async function measure(path) {
  const nothing = ({ message }) => ({ scores: CATEGORIES.map(() => 0), lost: [message] });
  let lhr;
  try {
    ({ lhr } = await lighthouse(server + path, { port, output: 'json', logLevel: 'error', onlyCategories: CATEGORIES }));
  } catch (error) {
    return nothing(error);
  }
  // On a busy machine a trace may miss its beginning: nothing was measured then.
  if (lhr.runtimeError) return nothing(lhr.runtimeError);
  const scores = CATEGORIES.map((category) => Math.round(lhr.categories[category].score * 100));
  const lost = CATEGORIES.flatMap((category) => lhr.categories[category].auditRefs
    .filter(({ id, weight }) => weight > 0 && lhr.audits[id].score !== null && lhr.audits[id].score < 0.9)
    .map(({ id }) => `${id} ${lhr.audits[id].displayValue ?? ''}`));
  return { scores, lost };
}

await run('lighthouse', PATHS.map((path) => [
  `${path} has ${LEAST} or more in ${CATEGORIES.join(', ')}`,
  async () => {
    let best = await measure(path);
    // A busy machine slows a page down; that it can be quick is shown by the best of some.
    for (let tries = 1; best.scores[0] < LEAST && tries < 5; tries += 1) {
      const again = await measure(path);
      if (again.scores[0] > best.scores[0]) best = again;
    }
    console.log(`          ${path} ${best.scores.join(' ')} ${best.lost.join('; ')}`);
    if (best.scores.some((score) => score < LEAST)) throw new Error(`${best.scores}: ${best.lost.join('; ')}`);
  },
]));
