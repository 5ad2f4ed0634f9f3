// @ts-check
// Small dialogs: opened with a piece of HTML from the server, closed by Esc, by the cross, by a click beside them.
import { Refused, ask, awake, piece, sorry } from './base.js';

/** Opens a dialog; what stood in it before is replaced when `html` is given. @param {HTMLDialogElement} box @param {string} [html] */
export function openBox(box, html) {
  if (html !== undefined) {
    box.replaceChildren(piece(html));
    awake(box);
  }
  if (!box.open) box.showModal();
  const first = box.querySelector('input:not([type=hidden]):not([type=checkbox]), select, textarea') ?? box.querySelector('button');
  /** @type {HTMLElement | null} */ (first)?.focus();
}

document.addEventListener('click', (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const box = /** @type {HTMLDialogElement | null | undefined} */ (target?.closest('dialog.box'));
  if (box && (target === box || target?.closest('[data-box-close]'))) box.close();
});

/** Shows a refusal inside a form, at its fields where it can. @param {HTMLElement} form @param {unknown} error */
export function refuse(form, error) {
  const line = /** @type {HTMLElement | null} */ (form.querySelector('.form-error'));
  if (!(error instanceof Refused) || !line) return sorry(error);
  line.textContent = error.message;
  line.hidden = false;
}

/**
 * Asks what a stage wants to know before a card comes to it. Resolves with `true` when the card was moved.
 * @param {string} slug @param {string | number} id @param {string} stage @param {string[]} fields
 * @returns {Promise<any>}
 */
export async function askRequired(slug, id, stage, fields) {
  let box = /** @type {HTMLDialogElement | null} */ (document.getElementById('required-box'));
  if (!box) {
    box = document.createElement('dialog');
    box.className = 'box';
    box.id = 'required-box';
    document.body.append(box);
  }
  const html = await ask(`/${slug}/${id}/move?stage=${stage}&fields=${encodeURIComponent(fields.join(','))}`);
  openBox(box, html);
  const dialog = box;
  return new Promise((resolve) => {
    /** @type {any} */ let done = null;
    const send = async (/** @type {Event} */ event) => {
      const form = /** @type {HTMLFormElement} */ (event.target);
      if (!form.matches('[data-required-form]')) return;
      event.preventDefault();
      const button = form.querySelector('.btn-primary');
      button?.setAttribute('disabled', '');
      try {
        done = await ask(`/${slug}/${id}/move`, { post: new FormData(form) });
        dialog.close();
      } catch (error) {
        refuse(form, error);
      } finally {
        button?.removeAttribute('disabled');
      }
    };
    dialog.addEventListener('submit', send);
    dialog.addEventListener(
      'close',
      () => {
        dialog.removeEventListener('submit', send);
        resolve(done);
      },
      { once: true },
    );
  });
}
