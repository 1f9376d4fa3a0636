// The GraphQL that the help and the landing page print is valid against the committed schema.
//
//   node help.mjs
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';
import { run } from './lib.mjs';

const root = new URL('../../', import.meta.url);
const read = (path) => readFileSync(new URL(path, root), 'utf8');
const schema = buildSchema(read('docs/api/schema.graphql'));

/** Blocks of code that are GraphQL: in Markdown between fences, in front matter between triple quotes. */
const documents = (text) => [...text.matchAll(/^```\n([\s\S]*?)^```|'''\n([\s\S]*?)'''/gm)]
  .map(([, fenced, quoted]) => fenced ?? quoted)
  .filter((block) => /^\s*(mutation|query|subscription)\b|^\s*\{\s*[a-z]/.test(block));

const articles = readdirSync(new URL('site/content/help/', root)).filter((name) => !name.startsWith('_'));
const files = ['_index.md', '_index.es.md', ...articles.map((name) => `help/${name}`)].map((name) => `site/content/${name}`);

await run('help', [[`what ${files.length} pages print fits the schema`, () => {
  const wrong = [];
  let count = 0;
  for (const file of files) {
    for (const block of documents(read(file))) {
      count += 1;
      const errors = validate(schema, parse(block));
      wrong.push(...errors.map((error) => `${file}: ${error.message}`));
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(count >= 30, `only ${count} documents were found`);
  console.log(`          ${count} documents`);
}]]);
