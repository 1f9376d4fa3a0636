// Sends the forms to the GraphQL endpoint, and says beside each field what is to be mended.
(() => {
  const OPERATIONS = {
    joinWaitlist: 'mutation JoinWaitlist($input: JoinWaitlistInput!) { joinWaitlist(input: $input) { isAccepted userErrors { path } } }',
    contact: 'mutation Contact($input: ContactInput!) { contact(input: $input) { isAccepted userErrors { path } } }',
  };

  // A server that has not answered until then is away.
  const PATIENCE = 20_000;

  /** What is to be mended in a field, in the page's language. */
  const mend = (form, name) => (form.elements[name]?.type === 'email' ? form.dataset.email : form.dataset.wrong);

  /** How many characters a field has too many. Nothing that somebody pastes is cut off unseen. */
  const excess = (field) => (field.dataset.most ? [...field.value.trim()].length - Number(field.dataset.most) : 0);

  /** What the page itself can tell is wrong: the field's name and what to do. */
  const check = (form) => [...form.elements].filter((field) => field.willValidate && field.name !== 'website').flatMap((field) => {
    if (field.required && !field.value.trim()) return [[field.name, form.dataset.required]];
    if (excess(field) > 0) return [[field.name, form.dataset.long.replace('{n}', excess(field))]];
    return field.validity.valid ? [] : [[field.name, mend(form, field.name)]];
  });

  const clear = (form) => {
    for (const place of form.querySelectorAll('[data-error]')) {
      place.hidden = true;
      place.textContent = '';
    }
    for (const field of form.elements) field.removeAttribute('aria-invalid');
  };

  const say = (form, text, kind) => {
    const outcome = form.querySelector('.outcome');
    outcome.textContent = text;
    outcome.dataset.kind = kind;
  };

  /** Shows each problem at its field, and goes to the first. What has no field is not for the visitor to mend. */
  const show = (form, problems) => {
    const elsewhere = [];
    for (const [name, text] of problems) {
      const place = form.querySelector(`[data-error="${CSS.escape(name)}"]`);
      if (!place) {
        elsewhere.push(name);
        continue;
      }
      place.textContent = text;
      place.hidden = false;
      form.elements[name].setAttribute('aria-invalid', 'true');
    }
    form.querySelector('[aria-invalid]')?.focus();
    say(form, elsewhere.length ? form.dataset.refused : form.dataset.mend, 'error');
  };

  const send = async (form) => {
    const input = { ...Object.fromEntries(new FormData(form)), language: form.dataset.lang };
    const response = await fetch(form.action, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ query: OPERATIONS[form.dataset.form], variables: { input } }),
      signal: AbortSignal.timeout(PATIENCE),
    });
    return response.json();
  };

  const submit = async (form) => {
    clear(form);
    const wrong = check(form);
    if (wrong.length) return show(form, wrong);
    const button = form.querySelector('button');
    button.disabled = true;
    say(form, form.dataset.sending, '');
    try {
      const { data, errors } = await send(form);
      const { code, retryAfterSeconds } = errors?.[0]?.extensions ?? {};
      if (code === 'RATE_LIMITED' && retryAfterSeconds > 0) {
        return say(form, form.dataset.limited.replace('{s}', retryAfterSeconds), 'error');
      }
      const payload = data?.[form.dataset.form];
      // It answered, and has not taken it.
      if (!payload) return say(form, form.dataset.refused, 'error');
      if (payload.userErrors.length) {
        return show(form, payload.userErrors.map(({ path }) => path?.at(-1) ?? '').map((name) => [name, mend(form, name)]));
      }
      form.reset();
      say(form, form.dataset.done, 'done');
    } catch {
      say(form, form.dataset.failed, 'error');
    } finally {
      button.disabled = false;
    }
  };

  // Without this script the buttons stay disabled: the browser's own way to send a form is not the API's.
  for (const form of document.querySelectorAll('[data-form]')) {
    form.querySelector('button').disabled = false;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      submit(form);
    });
  }

  // A link may say what somebody waits for: /waitlist/?interest=plan-pro
  const interest = new URLSearchParams(location.search).get('interest');
  const choice = document.querySelector('select[name="interest"]');
  if (interest && choice && [...choice.options].some((option) => option.value === interest)) choice.value = interest;
})();
