// The site's calls to action are those of docs/alignment-matrix.md: each button of each page has its row, each row its button,
// and each leads where the row says, in both languages.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

/** The pages that the matrix names. */
const PAGES = {
  'every page': ['/changelog/'],
  "every page's foot": ['/changelog/'],
  landing: ['/'],
  pricing: ['/pricing/'],
  waitlist: ['/waitlist/'],
  contact: ['/contact/'],
  help: ['/help/', '/help/run-the-demo/'],
  legal: ['/legal/', '/legal/terms/'],
  status: ['/status/'],
  404: ['/nowhere'],
};
/** Where a call to action leads, by the word that the matrix has for it. */
const TARGETS = {
  'help: run the demo': ['/help/run-the-demo/'],
  'the signal on the same page': ['#signal'],
  pricing: ['/pricing/'],
  waitlist: ['/waitlist/'],
  joinWaitlist: ['form joinWaitlist', '/waitlist/'],
  contact: ['/contact/', 'form contact'],
  '`/health` and `/ready` of the server that shows the site': ['button'],
  'landing, help': ['/', '/help/'],
};

/** The rows of the matrix: on which pages, with which words, leading where. */
export async function rows() {
  const matrix = await readFile(new URL('../../../docs/alignment-matrix.md', import.meta.url), 'utf8');
  const table = matrix.split("## The site's calls to action")[1];
  const cells = [...table.matchAll(/^\| (.+) \|$/gm)].map(([, line]) => line.split(' | ')).filter(([first]) => first !== 'page' && first !== '---');
  assert.ok(cells.length >= 10, `${cells.length} rows`);
  return cells.map(([page, words, leads]) => {
    const pages = page.split(', ').flatMap((name) => PAGES[name] ?? assert.fail(`the matrix names a page ${name}`));
    // Behind a bracket: where on the page, or for what.
    const said = words.replace(/ \(.+\)$/, '').split(', ');
    const key = Object.keys(TARGETS).find((name) => leads === name || leads.startsWith(`\`${name}\``)) ?? assert.fail(`the matrix leads to ${leads}`);
    return { page, pages, words: said, targets: TARGETS[key] };
  });
}

/** What a page offers: the words of each button, and where it leads. */
const offers = (page) => page.$$eval('a.button, button.button', (all) => all.filter((button) => !button.closest('[hidden]')).map((button) => {
  const words = [...button.childNodes].filter((node) => !node.classList?.contains('hidden')).map((node) => node.textContent).join('').trim();
  if (button.tagName === 'BUTTON') return { words, to: button.form ? `form ${button.form.dataset.form}` : 'button' };
  const url = new URL(button.href);
  return { words, to: url.hash && url.pathname === location.pathname ? url.hash : url.pathname };
}));

/** What is offered without a row, or leads elsewhere; the rows of nothing; what differs in Spanish. */
export async function wrongCalls(page, server) {
  const table = await rows();
  const wrong = [];
  const used = new Set();
  for (const path of new Set(table.flatMap((row) => row.pages))) {
    await page.goto(server + path, { waitUntil: 'load' });
    const offered = await offers(page);
    for (const { words, to } of offered) {
      const isIt = (row) => row.words.includes(words) && row.targets.includes(to);
      const told = table.filter((row) => (row.pages.includes(path) || row.page.includes('every page')) && isIt(row));
      for (const row of told) used.add(row);
      if (!told.length) wrong.push(`${path}: "${words}" leads to ${to}, of which the matrix does not tell`);
      if (to.startsWith('/')) {
        const answer = await fetch(server + to);
        if (!answer.ok) wrong.push(`${path}: "${words}" leads to ${to}, which answers ${answer.status}`);
      } else if (to.startsWith('#') && !(await page.$(to))) wrong.push(`${path}: there is no ${to}`);
    }
    await page.goto(`${server}/es${path}`, { waitUntil: 'load' });
    const spanish = (await offers(page)).map(({ to }) => to.replace(/^\/es\//, '/'));
    if (spanish.join() !== offered.map(({ to }) => to).join()) wrong.push(`/es${path}: offers ${spanish}`);
  }
  for (const row of table) if (!used.has(row)) wrong.push(`${row.page}: nothing says "${row.words}"`);
  return wrong;
}
