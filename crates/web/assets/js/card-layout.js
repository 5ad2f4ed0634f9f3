// @ts-check
// Arranging a card: sections and fields by drag and drop or by arrows.
import { Refused, ask, note, piece, sorry, t } from './base.js';
import { cardOf, refresh } from './card.js';

/** @param {HTMLElement} root */
function sortable(root) {
  const Sortable = /** @type {any} */ (window).Sortable;
  if (!Sortable) return;
  const boxes = root.querySelector('[data-boxes]');
  if (boxes) Sortable.create(boxes, { handle: '.grip', animation: 120 });
  root.querySelectorAll('[data-blocks]').forEach((list) => blocks(/** @type {HTMLElement} */ (list)));
}

/** @param {HTMLElement} list */
function blocks(list) {
  /** @type {any} */ (window).Sortable?.create(list, { group: 'blocks', animation: 120, filter: '[data-block-drop]', preventOnFilter: false });
}

/** @param {HTMLElement} button */
async function open(button) {
  const left = cardOf(button)?.querySelector('.card-left');
  if (!left || left.querySelector('.arranging')) return;
  try {
    const html = await ask(button.dataset.arrange ?? '');
    left.replaceChildren(piece(html));
    sortable(/** @type {HTMLElement} */ (left));
    /** @type {HTMLElement | null} */ (left.querySelector('input'))?.focus();
    left.scrollIntoView({ block: 'start' });
  } catch (error) {
    sorry(error);
  }
}

/** @param {HTMLElement} root */
function addBox(root) {
  const blank = /** @type {HTMLTemplateElement} */ (root.querySelector('[data-box-blank]'));
  const box = /** @type {HTMLElement} */ (/** @type {Element} */ (blank.content.firstElementChild).cloneNode(true));
  box.dataset.box = `s${Date.now().toString(36)}`;
  root.querySelector('[data-boxes]')?.append(box);
  blocks(/** @type {HTMLElement} */ (box.querySelector('[data-blocks]')));
  /** @type {HTMLElement} */ (box.querySelector('[data-box-title]')).focus();
}

/** @param {HTMLElement} root */
async function save(root) {
  const value = (/** @type {string} */ selector, /** @type {string} */ usual) => /** @type {HTMLSelectElement | null} */ (root.querySelector(selector))?.value ?? usual;
  const sections = [.../** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll('[data-boxes] [data-box]'))].map((box) => ({
    code: box.dataset.box,
    title: /** @type {HTMLInputElement} */ (box.querySelector('[data-box-title]')).value,
    folded: /** @type {HTMLInputElement} */ (box.querySelector('[data-box-folded]')).checked,
    fields: [.../** @type {NodeListOf<HTMLElement>} */ (box.querySelectorAll('[data-block]'))].map((block) => block.dataset.block),
  }));
  const line = /** @type {HTMLElement} */ (root.querySelector('.form-error'));
  line.hidden = true;
  const answer = await fetch(root.dataset.arranging ?? '', {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-Piece': '1' },
    body: JSON.stringify({ audience: value('[data-audience]', 'mine'), place: value('[data-place]', 'type'), sections }),
  });
  if (!answer.ok) {
    const told = await answer.json().catch(() => null);
    line.textContent = told?.error?.text ?? t('failed');
    line.hidden = false;
    return;
  }
  note(t('arranged'));
  close(root);
}

/** @param {HTMLElement} root */
function close(root) {
  const card = cardOf(root);
  const left = /** @type {HTMLElement | null} */ (root.closest('.card-left'));
  root.remove();
  if (left) left.dataset.html = '';
  if (card) refresh(card).catch(sorry);
}

document.addEventListener('click', (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const opener = /** @type {HTMLElement | null | undefined} */ (target?.closest('[data-arrange]'));
  if (opener) return void open(opener);
  const root = /** @type {HTMLElement | null | undefined} */ (target?.closest('[data-arranging]'));
  if (!root || !target) return;
  const spare = root.querySelector('[data-spare]');
  if (target.closest('[data-box-add]')) addBox(root);
  else if (target.closest('[data-box-drop]')) {
    const box = target.closest('[data-box]');
    spare?.append(...(box?.querySelectorAll('[data-block]') ?? []));
    box?.remove();
  } else if (target.closest('[data-block-drop]')) spare?.append(/** @type {Element} */ (target.closest('[data-block]')));
  else if (target.closest('[data-arrange-cancel]')) close(root);
  else if (target.closest('[data-arrange-save]')) save(root).catch(() => sorry(new Refused(t('offline'), 0, {})));
  else if (target.closest('[data-arrange-reset]')) ask(`${root.dataset.arranging}/reset`, { post: {} }).then(() => close(root)).catch(sorry);
});
document.addEventListener('keydown', (event) => {
  const block = event.target instanceof HTMLElement && event.target.matches('[data-block]') ? event.target : null;
  if (block) {
    const lists = [...(block.closest('[data-arranging]')?.querySelectorAll('[data-blocks]') ?? [])];
    const at = lists.indexOf(/** @type {Element} */ (block.parentElement));
    if (event.key === 'ArrowLeft' && block.previousElementSibling) block.previousElementSibling.before(block);
    else if (event.key === 'ArrowRight' && block.nextElementSibling) block.nextElementSibling.after(block);
    else if (event.key === 'ArrowUp' && at > 0) lists[at - 1].append(block);
    else if (event.key === 'ArrowDown' && at < lists.length - 1) lists[at + 1].prepend(block);
    else return;
    event.preventDefault();
    block.focus();
  }
  const root = event.target instanceof Element ? /** @type {HTMLElement | null} */ (event.target.closest('[data-arranging]')) : null;
  if (root && event.key === 'Escape' && !event.defaultPrevented) {
    event.preventDefault();
    close(root);
  }
});
