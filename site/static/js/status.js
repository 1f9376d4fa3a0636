// Asks the server whether it answers and whether it can serve.
(() => {
  const card = document.querySelector('.status');
  const words = card.dataset;
  const button = card.querySelector('button');
  const heading = card.querySelector('h2');
  // A server that has not answered until then is away.
  const PATIENCE = 10_000;
  const ask = async (path) => {
    const response = await fetch(words.api + path, { headers: { accept: 'application/json' }, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
    return response.json();
  };
  const put = (check, isWell) => {
    const row = card.querySelector(`[data-check="${check}"]`);
    row.dataset.state = isWell ? 'ok' : 'failed';
    row.querySelector('strong').textContent = isWell ? words.ok : words.failed;
  };

  /** What was known a while ago is not known now. */
  const forget = () => {
    for (const row of card.querySelectorAll('[data-check]')) {
      delete row.dataset.state;
      row.querySelector('strong').textContent = '';
    }
    delete card.dataset.state;
    card.querySelector('[data-at]').textContent = '';
  };

  const look = async () => {
    const hadFocus = document.activeElement === button;
    button.disabled = true;
    forget();
    heading.textContent = words.checking;
    const began = performance.now();
    try {
      const [health, ready] = await Promise.all([ask('/health'), ask('/ready')]);
      const took = Math.max(1, Math.round(performance.now() - began));
      put('process', health.status === 'healthy');
      for (const [check, state] of Object.entries(ready.checks)) put(check, state === 'ok');
      const isWell = health.status === 'healthy' && ready.failed.length === 0;
      card.dataset.state = isWell ? 'ok' : 'failed';
      heading.textContent = isWell ? words.up : words.down;
      const time = new Date().toLocaleTimeString(words.lang);
      card.querySelector('[data-at]').textContent = `${words.at} ${time}, ${words.ms.replace('{ms}', took)}.`;
    } catch {
      forget();
      card.dataset.state = 'failed';
      heading.textContent = words.unknown;
    } finally {
      button.disabled = false;
      // What is disabled loses the keyboard.
      if (hadFocus && document.activeElement === document.body) button.focus();
    }
  };

  card.hidden = false;
  button.addEventListener('click', look);
  look();
})();
