// Searches the articles in the index that Zola makes, which is fetched when the field is first used.
(() => {
  const form = document.querySelector('.search');
  const field = form.querySelector('input');
  const said = form.querySelector('[role="status"]');
  const found = document.querySelector('.found');
  const shelves = document.querySelector('.shelves');
  const MOST = 12;
  let articles;

  /** Lower case without accents, so that "senales" finds "señales". */
  const plain = (text) => text.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '');

  const load = async () => {
    const { documentStore } = await (await fetch(form.dataset.index)).json();
    return Object.values(documentStore.docs).map(({ id, title, description, body }) => ({
      path: new URL(id, location.href).pathname,
      title,
      description: description ?? '',
      heads: plain(title),
      words: plain(`${title} ${description ?? ''} ${body}`),
    }));
  };

  /** Articles that have every word; those with the words in their title first. */
  const search = (all, words) => all
    .filter((article) => words.every((word) => article.words.includes(word)))
    .map((article) => ({ article, inTitle: words.filter((word) => article.heads.includes(word)).length }))
    .sort((a, b) => b.inTitle - a.inTitle)
    .map(({ article }) => article);

  const tell = (text) => {
    said.textContent = text;
    found.querySelector('.found-said').textContent = text;
  };

  const show = (articlesFound) => {
    const { some, one, none } = form.dataset;
    const count = articlesFound.length;
    tell(count === 0 ? none : count === 1 ? one : some.replace('{n}', count));
    found.querySelector('.found-list').replaceChildren(...articlesFound.slice(0, MOST).map(({ path, title, description }) => {
      const item = document.createElement('li');
      const link = Object.assign(document.createElement('a'), { href: path, textContent: title });
      const text = Object.assign(document.createElement('p'), { textContent: description });
      item.append(link, text);
      return item;
    }));
  };

  const update = async () => {
    const words = plain(field.value).split(/\s+/).filter(Boolean);
    found.hidden = words.length === 0;
    shelves.hidden = words.length > 0;
    if (words.length === 0) return;
    try {
      articles ??= load();
      show(search(await articles, words));
    } catch {
      articles = undefined;
      shelves.hidden = false;
      tell(form.dataset.failed);
    }
  };

  form.hidden = false;
  form.addEventListener('submit', (event) => event.preventDefault());
  field.addEventListener('input', update);
})();
