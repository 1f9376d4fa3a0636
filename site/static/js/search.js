// Searches the articles, whose text the page carries along.
(() => {
  const box = document.querySelector('.search');
  const field = box.querySelector('input');
  const said = box.querySelector('[role="status"]');
  const found = document.querySelector('.found');
  const shelves = document.querySelector('.shelves');

  /** Lower case without accents and with the keyboard's apostrophe, so that "senales" finds "señales" and "day's" "day’s". */
  const plain = (text) => text.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '').replaceAll('’', "'");

  const articles = JSON.parse(document.querySelector('#articles').textContent).map((article) => ({
    ...article,
    heading: plain(article.title),
    words: plain(`${article.title} ${article.description} ${article.text}`),
  }));

  /** The articles that have every word; those that have more of them in their title first. */
  const search = (words) => {
    const inTitle = (article) => words.filter((word) => article.heading.includes(word)).length;
    return articles
      .filter((article) => words.every((word) => article.words.includes(word)))
      .sort((a, b) => inTitle(b) - inTitle(a));
  };

  const item = ({ path, title, description }) => {
    const link = Object.assign(document.createElement('a'), { href: path, textContent: title });
    const text = Object.assign(document.createElement('p'), { textContent: description });
    const row = document.createElement('li');
    row.append(link, text);
    return row;
  };

  const show = (hits) => {
    const { some, one, none } = box.dataset;
    const text = hits.length === 0 ? none : hits.length === 1 ? one : some.replace('{n}', hits.length);
    said.textContent = text;
    found.querySelector('.found-said').textContent = text;
    found.querySelector('.found-list').replaceChildren(...hits.map(item));
  };

  box.hidden = false;
  field.addEventListener('input', () => {
    const words = plain(field.value).split(/\s+/).filter(Boolean);
    found.hidden = words.length === 0;
    shelves.hidden = words.length > 0;
    if (words.length > 0) show(search(words));
    else said.textContent = '';
  });
})();
