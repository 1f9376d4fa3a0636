// What the site tells machines: titles, languages, canonical addresses, what a shared link shows, structured data, the sitemap,
// robots and the feeds.
import assert from 'node:assert/strict';

const TYPES = {
  '/': ['Organization', 'Product', 'FAQPage'],
  '/pricing/': ['Organization', 'Product', 'FAQPage'],
  '/help/follow-live/': ['BreadcrumbList'],
  '/legal/terms/': ['BreadcrumbList'],
};

/** The head of a page, as a machine reads it, and what was left unfilled of the words that a page shows or tells. */
const head = (page) => page.evaluate(() => {
  const unfilled = () => {
    const body = document.body.cloneNode(true);
    for (const part of body.querySelectorAll('pre, code, script, style')) part.remove();
    const told = [...document.querySelectorAll('meta[content], [alt], [aria-label], [placeholder]')]
      .flatMap((element) => ['content', 'alt', 'aria-label', 'placeholder'].map((name) => element.getAttribute(name) ?? ''));
    return [document.title, body.textContent, ...told].flatMap((text) => text.match(/\{\w+\}/g) ?? []);
  };
  const all = (selector, attribute) => [...document.querySelectorAll(selector)].map((element) => element.getAttribute(attribute));
  return {
    lang: document.documentElement.lang,
    title: document.title,
    description: all('meta[name="description"]', 'content'),
    canonical: all('link[rel="canonical"]', 'href'),
    alternates: [...document.querySelectorAll('link[hreflang]')].map((link) => [link.hreflang, link.href]),
    shared: Object.fromEntries([...document.querySelectorAll('meta[property^="og:"]')].map((meta) => [meta.getAttribute('property').slice(3), meta.content])),
    feed: all('link[type="application/atom+xml"]', 'href'),
    unfilled: unfilled(),
    headings: document.querySelectorAll('h1').length,
    data: [...document.querySelectorAll('script[type="application/ld+json"]')].map((script) => script.textContent),
  };
});

const types = (value) => (value && typeof value === 'object' ? [value['@type'], ...Object.values(value).map(types)].flat(9) : []);

/** What is wrong with the heads of these pages. */
export async function wrongHeads(page, server, paths) {
  const wrong = [];
  const seen = new Map();
  for (const path of paths) {
    await page.goto(server + path, { waitUntil: 'domcontentloaded' });
    const found = await head(page);
    const must = (holds, what) => { if (!holds) wrong.push(`${path}: ${what}`); };
    const english = server + path.replace(/^\/es\//, '/');
    const spanish = server + path.replace(/^(\/es)?\//, '/es/');
    must(found.lang === (path.startsWith('/es/') ? 'es' : 'en'), `its language is ${found.lang}`);
    const title = `${found.lang}: ${found.title}`;
    must(!seen.has(title), `its title is that of ${seen.get(title)}`);
    seen.set(title, path);
    must(found.description.length === 1 && /^.{30,180}$/.test(found.description[0]), `its description has ${found.description[0]?.length} characters`);
    must(found.canonical.join() === server + path, `its canonical address is ${found.canonical}`);
    const wanted = [['en', english], ['x-default', english], ['es', spanish]].map(String).sort().join();
    must(found.alternates.map(String).sort().join() === wanted, `its languages are ${found.alternates}`);
    const { title: heading, description, url, image, type } = found.shared;
    must(heading && description && type && url === server + path && image === `${server}/og.png`, `it is shared as ${JSON.stringify(found.shared)}`);
    must(found.unfilled.length === 0, `it leaves ${found.unfilled} unfilled`);
    must(found.headings === 1, `it has ${found.headings} first headings`);
    must(found.feed.join() === `${path.startsWith('/es/') ? '/es' : ''}/changelog/atom.xml`, `its feed is ${found.feed}`);
    const said = found.data.flatMap((text) => types(JSON.parse(text)));
    for (const kind of TYPES[path.replace(/^\/es\//, '/')] ?? []) must(said.includes(kind), `its structured data has no ${kind}`);
    must(found.data.every((text) => JSON.parse(text)['@context'] === 'https://schema.org'), 'its structured data has no context');
  }
  return wrong;
}

/** The prices that machines read are those of the data file, to which the pricing page is held elsewhere. */
export async function offers(page, server) {
  await page.goto(`${server}/pricing/`, { waitUntil: 'domcontentloaded' });
  const { data } = await head(page);
  const graph = data.flatMap((text) => JSON.parse(text)['@graph'] ?? []);
  return graph.find((thing) => thing['@type'].includes('Product')).offers.map(({ name, price, priceCurrency }) => `${name} ${price} ${priceCurrency}`);
}

/** The picture of a shared link is as large as it is said to be, robots names the sitemap, feeds are what they say. */
export async function wellKnown(server) {
  const picture = Buffer.from(await (await fetch(`${server}/og.png`)).arrayBuffer());
  assert.deepEqual([picture.toString('latin1', 1, 4), picture.readUInt32BE(16), picture.readUInt32BE(20)], ['PNG', 1200, 630]);
  assert.match(await (await fetch(`${server}/robots.txt`)).text(), new RegExp(`^Sitemap: ${server}/sitemap\\.xml$`, 'm'));
  for (const path of ['/changelog/', '/es/changelog/']) {
    const answer = await fetch(`${server}${path}atom.xml`);
    assert.match(answer.headers.get('content-type'), /xml/);
    const feed = await answer.text();
    assert.match(feed, /^<\?xml version="1.0" encoding="UTF-8"\?>\s*<feed xmlns="http:\/\/www\.w3\.org\/2005\/Atom" xml:lang="(en|es)">/);
    const entries = feed.split('<entry>').slice(1);
    assert.ok(entries.length >= 5, `${entries.length} entries`);
    for (const entry of entries) {
      assert.match(entry, /<updated>\d{4}-\d\d-\d\dT[\d:]+(Z|[+-]\d\d:\d\d)<\/updated>/);
      const [, link] = entry.match(/<link rel="alternate" href="([^"]+)"/);
      assert.ok(link.startsWith(server + path), link);
      assert.equal((await fetch(link)).status, 200, link);
    }
  }
}
