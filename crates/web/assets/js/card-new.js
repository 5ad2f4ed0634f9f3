// @ts-check
// A new record in a panel: records that look like it while it is typed, Ctrl+Enter makes it.
import { ask, awake, calm, piece, sorry } from './base.js';
import { closeTop, slide } from './slider.js';

/** @type {WeakMap<HTMLFormElement, () => void>} */ const looks = new WeakMap();

/** @param {HTMLFormElement} form */
function look(form) {
  if (!looks.has(form)) {
    let asked = '';
    looks.set(form, calm(async () => {
      const sent = new FormData(form);
      const now = new URLSearchParams(/** @type {any} */ (sent)).toString();
      if (now === asked || !form.isConnected) return;
      asked = now;
      const html = await ask(form.dataset.alike ?? '', { post: sent, json: false }).catch(() => '');
      const box = form.querySelector('[data-alike-box]');
      if (box && asked === now) box.innerHTML = html;
    }, 350));
  }
  looks.get(form)?.();
}

/** @param {HTMLFormElement} form */
async function make(form) {
  if (form.dataset.busy) return;
  form.dataset.busy = '1';
  try {
    const answer = await ask(form.action, { post: new FormData(form), json: false });
    if (answer?.href) {
      closeTop(true);
      slide(answer.href);
      return;
    }
    const fresh = piece(String(answer)).querySelector('[data-new]');
    if (!fresh) return;
    form.replaceWith(fresh);
    awake(fresh);
    document.dispatchEvent(new CustomEvent('vekha:asked', { detail: fresh }));
    const wrong = /** @type {HTMLElement | null} */ (fresh.querySelector('.is-invalid'));
    wrong?.closest('details')?.setAttribute('open', '');
    wrong?.focus();
  } catch (error) {
    sorry(error);
  } finally {
    delete form.dataset.busy;
  }
}

document.addEventListener('input', (event) => {
  const form = event.target instanceof Element ? /** @type {HTMLFormElement | null} */ (event.target.closest('form[data-alike]')) : null;
  if (form) look(form);
});
document.addEventListener('submit', (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.matches('[data-new]') || !form.closest('.slider')) return;
  event.preventDefault();
  make(form);
});
document.addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || !(event.target instanceof Element)) return;
  const opener = /** @type {HTMLAnchorElement | null} */ (event.target.closest('a[data-create]'));
  if (opener && /\/new$/.test(new URL(opener.href).pathname)) {
    event.preventDefault();
    const url = new URL(opener.href);
    slide(url.pathname + url.search);
  }
  const cancel = event.target.closest('[data-new-cancel]');
  if (cancel?.closest('.slider')) {
    event.preventDefault();
    closeTop();
  }
});
document.addEventListener('keydown', (event) => {
  const form = event.target instanceof Element ? /** @type {HTMLFormElement | null} */ (event.target.closest('[data-new]')) : null;
  if (form && event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  }
});
document.addEventListener('vekha:card', (event) => {
  const form = /** @type {HTMLElement} */ (/** @type {CustomEvent} */ (event).detail).querySelector('[data-new]');
  /** @type {HTMLElement | null | undefined} */ (form?.querySelector('input:not([type=hidden]), textarea, select'))?.focus();
});
