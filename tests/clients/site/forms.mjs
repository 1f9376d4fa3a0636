// The forms of the site, posted to a real server and found by those who may read them.
import assert from 'node:assert/strict';
import { data, login, unique } from '../lib.mjs';
import { focused, open } from './browser.mjs';

const outcome = (page, form) => page.$eval(`${form} .outcome`, (said) => [said.dataset.kind, said.textContent]);
const settled = (page, form) => page.waitForFunction((selector) => ['done', 'error'].includes(document.querySelector(selector).dataset.kind), {}, `${form} .outcome`);
const errors = (page, form) => page.$$eval(`${form} [data-error]`, (all) => Object.fromEntries(all.filter((e) => !e.hidden).map((e) => [e.dataset.error, e.textContent])));

/** The checks of the forms; `violations` is what axe says of a page. */
export function formChecks(browser, server, violations) {
  async function contactForm() {
    const email = `${unique('vera')}@example.test`;
    const { page, problems } = await open(browser, server);
    await page.goto(`${server}/es/contact/`, { waitUntil: 'load' });
    await page.click('#contact button');
    assert.deepEqual(Object.keys(await errors(page, '#contact')), ['name', 'email', 'message'], 'what is missing is said at its field');
    assert.equal((await focused(page)).id, 'contact-name');
    assert.deepEqual(await violations(page), []);
    await page.type('#contact-name', 'Vera');
    await page.type('#contact-email', 'vera@nowhere');
    await page.type('#contact-message', '¿Cuánto cuesta?');
    await page.select('#contact-topic', 'SALES');
    await page.click('#contact button');
    await settled(page, '#contact');
    const found = await errors(page, '#contact');
    assert.deepEqual(Object.keys(found), ['email'], 'what the server finds is said at its field');
    assert.match(found.email, /^Escribe una dirección/, 'in the language of the page');
    await page.$eval('#contact-email', (field) => { field.value = ''; });
    await page.type('#contact-email', email);
    await page.click('#contact button');
    await page.waitForFunction(() => document.querySelector('#contact .outcome').dataset.kind === 'done');
    assert.equal(await page.$eval('#contact-message', (field) => field.value), '');
    await page.close();
    assert.deepEqual(problems, []);
    const token = await login(server, 'admin@atlas.test');
    const { contactMessages } = await data(server, '{ contactMessages(first: 5) { nodes { name email topic message language } } }', {}, { token });
    assert.deepEqual(contactMessages.nodes.find((message) => message.email === email), { name: 'Vera', email, topic: 'SALES', message: '¿Cuánto cuesta?', language: 'es' });
  }

  async function waitlistForms() {
    const [plan, news] = [`${unique('plan')}@example.test`, `${unique('news')}@example.test`];
    const { page, problems } = await open(browser, server);
    await page.goto(`${server}/pricing/`, { waitUntil: 'load' });
    await Promise.all([page.waitForNavigation(), page.click('.plan-recommended .button')]);
    await page.type('#waitlist-email', plan);
    await page.click('#waitlist button');
    await settled(page, '#waitlist');
    assert.equal((await outcome(page, '#waitlist'))[0], 'done');
    await page.goto(`${server}/`, { waitUntil: 'load' });
    await page.type('#news-email', news);
    await page.keyboard.press('Enter');
    await settled(page, '#news');
    assert.equal((await outcome(page, '#news'))[0], 'done');
    await page.close();
    assert.deepEqual(problems, []);
    const token = await login(server, 'admin@atlas.test');
    const { waitlist } = await data(server, '{ waitlist(first: 10) { nodes { email interest language } } }', {}, { token });
    const of = (email) => waitlist.nodes.find((entry) => entry.email === email);
    assert.deepEqual([of(plan)?.interest, of(news)?.interest, of(news)?.language], ['plan-pro', 'news', 'en']);
  }

  /** What nobody writes by hand: too much of it, lines of a letter's head, markup, what no database takes, and nothing but blanks. */
  async function hostileForms() {
    const email = `${unique('mallory')}@example.test`;
    const { page, problems } = await open(browser, server);
    await page.goto(`${server}/contact/`, { waitUntil: 'load' });
    const fill = (values) => page.$eval('#contact', (form, given) => { for (const [name, value] of Object.entries(given)) form.elements[name].value = value; }, values);
    const send = async () => {
      await page.click('#contact button');
      await settled(page, '#contact');
      return errors(page, '#contact');
    };
    await fill({ name: ' ', email, message: ' \n ' });
    assert.deepEqual(Object.keys(await send()), ['name', 'message'], 'blanks are nothing');
    await fill({ name: 'Mallory', message: 'é'.repeat(10_000) });
    assert.match((await send()).message, /5000 over the limit/);
    assert.equal(await page.$eval('#contact-message', (field) => field.value.length), 10_000, 'nothing is cut off');
    await page.$eval('#contact-name', (field) => field.select());
    await page.focus('#contact-name');
    await page.keyboard.sendCharacter('é'.repeat(150));
    assert.match((await send()).name, /50 over the limit/);
    assert.equal(await page.$eval('#contact-name', (field) => field.value.length), 150, 'nothing is cut off');
    await fill({ name: 'Mallory', message: 'a\u0000b' });
    assert.match((await send()).message, /another way/, 'what the server refuses');
    const script = '<img src=x onerror=alert(1)>\n.\nBcc: all@example.test\n\n{{constructor}} \' OR 1=1 --';
    await fill({ name: '"><script>alert(1)</script>', message: script });
    assert.deepEqual(await send(), {});
    assert.equal((await outcome(page, '#contact'))[0], 'done');
    await fill({ name: 'A program', email: `robot-${email}`, message: 'Buy this', website: 'https://spam.example' });
    assert.deepEqual(await send(), {}, 'a program learns nothing');
    await page.close();
    assert.deepEqual(problems, []);
    const token = await login(server, 'admin@atlas.test');
    const query = 'query ($email: String) { contactMessages(email: $email) { nodes { name message } } }';
    const kept = async (address) => (await data(server, query, { email: address }, { token })).contactMessages.nodes;
    assert.deepEqual(await kept(email), [{ name: '"><script>alert(1)</script>', message: script }], 'kept as it was written');
    assert.deepEqual(await kept(`robot-${email}`), []);
  }

  /** What the form says when the server limits, fails and is away. */
  async function formsTellWhatWentWrong() {
    const { page } = await open(browser, server);
    const limited = JSON.stringify({ data: { contact: null }, errors: [{ message: 'no', extensions: { code: 'RATE_LIMITED', retryAfterSeconds: 42 } }] });
    const answers = [
      [{ status: 200, contentType: 'application/json', body: limited }, /42/],
      [{ status: 429, contentType: 'application/json', body: JSON.stringify({ errors: [{ message: 'no', extensions: { code: 'RATE_LIMITED' } }] }) }, /did not take it/],
      [{ status: 200, contentType: 'application/json', body: JSON.stringify({ data: null, errors: [{ message: 'no', extensions: { code: 'INTERNAL' } }] }) }, /did not take it/],
      [{ status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' }, /still here/],
      [null, /still here/],
    ];
    let next;
    await page.setRequestInterception(true);
    page.on('request', (request) => {
      if (!request.url().endsWith('/graphql')) return request.continue();
      return next ? request.respond(next) : request.abort();
    });
    await page.goto(`${server}/contact/`, { waitUntil: 'load' });
    await page.type('#contact-name', 'Vera');
    await page.type('#contact-email', 'vera@example.test');
    await page.type('#contact-message', 'Hello');
    for (const [answer, expected] of answers) {
      next = answer;
      await page.click('#contact button');
      await settled(page, '#contact');
      const [kind, text] = await outcome(page, '#contact');
      assert.equal(kind, 'error');
      assert.match(text, expected);
      assert.equal(await page.$eval('#contact-message', (field) => field.value), 'Hello', 'nothing that was written is lost');
    }
    await page.close();
  }

  return [
    ['a message is sent, mended and found', contactForm],
    ['the waitlist is joined and found', waitlistForms],
    ['a form takes what is hostile for what it is', hostileForms],
    ['a form says what went wrong and keeps what was written', formsTellWhatWentWrong],
  ];
}
