// Runs before the first paint, so that a kept choice of theme does not flash.
(() => {
  const root = document.documentElement;
  root.classList.add('js');
  try {
    const kept = localStorage.getItem('theme');
    if (kept === 'dark' || kept === 'light') root.dataset.theme = kept;
  } catch { /* Storage is closed to us: the system's choice holds. */ }
})();
