// @ts-check
// Comforts of the staff settings: the tree of departments, exceptions of a role, heirs, a link that is copied at a click.
import { ask, note, sorry, t } from './base.js';

/** The tree of departments: lines fold, and are dragged under another line. */
class OrgTree extends HTMLElement {
  connectedCallback() {
    this.addEventListener('click', (event) => {
      const fold = event.target instanceof Element ? event.target.closest('button.org-fold') : null;
      if (fold) this.fold(/** @type {HTMLElement} */ (fold.closest('li')));
    });
    this.addEventListener('dragstart', (event) => this.begin(event));
    this.addEventListener('dragover', (event) => this.over(event));
    this.addEventListener('drop', (event) => this.drop(event));
    this.addEventListener('dragend', () => this.end());
  }

  /** @returns {HTMLElement[]} */
  get lines() {
    return [...this.querySelectorAll('li')];
  }

  /** A line and everything that hangs below it. @param {HTMLElement} line */
  below(line) {
    const depth = Number(line.dataset.depth);
    const found = [];
    for (let next = line.nextElementSibling; next instanceof HTMLElement && Number(next.dataset.depth) > depth; next = next.nextElementSibling) found.push(next);
    return found;
  }

  /** @param {HTMLElement} line */
  fold(line) {
    const open = line.getAttribute('aria-expanded') === 'true';
    line.setAttribute('aria-expanded', String(!open));
    let closed = Infinity;
    for (const one of this.below(line)) {
      const depth = Number(one.dataset.depth);
      if (depth <= closed) closed = Infinity;
      one.hidden = open || depth > closed;
      if (one.getAttribute('aria-expanded') === 'false' && closed === Infinity) closed = depth;
    }
  }

  /** @param {DragEvent} event */
  begin(event) {
    const line = event.target instanceof Element ? event.target.closest('li') : null;
    if (!(line instanceof HTMLElement)) return;
    this.dragged = line;
    this.forbidden = new Set([line, ...this.below(line)]);
    event.dataTransfer?.setData('text/plain', line.dataset.id ?? '');
    // The browser takes its picture of the line first.
    setTimeout(() => {
      line.classList.add('dragged');
      this.classList.add('dragging');
    });
  }

  /** Where a line may be dropped. @param {DragEvent} event */
  place(event) {
    const place = event.target instanceof Element ? event.target.closest('li, .org-top') : null;
    if (!(place instanceof HTMLElement) || !this.dragged || this.forbidden?.has(place)) return null;
    return place.dataset.id === this.dragged.dataset.parent ? null : place;
  }

  /** @param {DragEvent} event */
  over(event) {
    const place = this.place(event);
    this.querySelectorAll('.over').forEach((one) => one !== place && one.classList.remove('over'));
    if (!place) return;
    event.preventDefault();
    place.classList.add('over');
  }

  /** @param {DragEvent} event */
  async drop(event) {
    const place = this.place(event);
    const line = this.dragged;
    if (!place || !line) return;
    event.preventDefault();
    const name = (/** @param {HTMLElement} one */ (one) => one.querySelector('.org-name a')?.textContent ?? '');
    try {
      await ask(`/settings/offices/${line.dataset.id}/move`, { post: { parent: place.dataset.id ?? '0' } });
      sessionStorage.setItem('org-note', place.dataset.id === '0' ? t('org-moved-top', { name: name(line) }) : t('org-moved', { name: name(line), to: name(place) }));
      location.reload();
    } catch (error) {
      sorry(error);
    }
  }

  end() {
    this.dragged?.classList.remove('dragged');
    this.classList.remove('dragging');
    this.querySelectorAll('.over').forEach((one) => one.classList.remove('over'));
    this.dragged = undefined;
  }
}
customElements.define('org-tree', OrgTree);
const told = sessionStorage.getItem('org-note');
if (told) {
  sessionStorage.removeItem('org-note');
  note(told);
}

// ── the matrix of a role ──
const form = document.querySelector('.role-form');
/** The colour of a cell follows its choice. @param {HTMLSelectElement} select */
const paint = (select) => {
  const cell = select.closest('td.scope');
  if (cell) cell.className = `scope ${select.value}`;
};
form?.addEventListener('change', (event) => {
  const target = event.target;
  if (!(target instanceof HTMLSelectElement)) return;
  if (target.matches('[data-add-exception]')) addException(target);
  else paint(target);
});
form?.addEventListener('click', (event) => {
  const drop = event.target instanceof Element ? event.target.closest('[data-drop-exception]') : null;
  drop?.closest('tr')?.remove();
});

/** @param {HTMLSelectElement} choice */
function addException(choice) {
  const body = choice.closest('tbody');
  const blank = document.querySelector('template[data-exception]');
  const place = choice.value;
  const title = choice.selectedOptions[0]?.textContent ?? '';
  choice.value = '';
  if (!body || !(blank instanceof HTMLTemplateElement) || !place) return;
  const known = body.querySelector(`[name="${CSS.escape(`may:${place}:read`)}"]`);
  if (known instanceof HTMLElement) return known.focus();
  const row = /** @type {HTMLElement} */ (/** @type {DocumentFragment} */ (blank.content.cloneNode(true)).firstElementChild);
  const caption = row.querySelector('th span');
  if (caption) caption.textContent = title;
  for (const select of row.querySelectorAll('select')) {
    select.name = select.name.replace('PLACE', place);
    select.setAttribute('aria-label', `${title}${select.getAttribute('aria-label') ?? ''}`);
  }
  body.insertBefore(row, choice.closest('tr'));
  row.querySelector('select')?.focus();
}

// ── heirs ──
const dismiss = document.querySelector('form.dismiss');
if (dismiss instanceof HTMLFormElement) {
  const total = Number(dismiss.dataset.dismissTotal ?? '0');
  const share = () => {
    const chosen = [...dismiss.querySelectorAll('input[name=heir]:checked')];
    for (const output of dismiss.querySelectorAll('.heir output')) output.textContent = '';
    for (const one of chosen) {
      const output = one.closest('.heir')?.querySelector('output');
      if (output && total) output.textContent = chosen.length === 1 ? String(total) : `≈ ${Math.round(total / chosen.length)}`;
    }
  };
  dismiss.addEventListener('change', share);
  share();
  const search = dismiss.querySelector('[data-heirs-search]');
  search?.addEventListener('input', () => {
    const words = /** @type {HTMLInputElement} */ (search).value.toLowerCase();
    for (const heir of dismiss.querySelectorAll('.heir')) /** @type {HTMLElement} */ (heir).hidden = !(heir.textContent ?? '').toLowerCase().includes(words);
  });
  search?.addEventListener('keydown', (event) => {
    if (/** @type {KeyboardEvent} */ (event).key === 'Enter') event.preventDefault();
  });
}

document.addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest('[data-copy]') : null;
  if (!(button instanceof HTMLElement)) return;
  const field = document.getElementById(button.dataset.copy ?? '');
  if (!(field instanceof HTMLInputElement)) return;
  field.select();
  navigator.clipboard?.writeText(field.value).then(() => note(t('copied')), () => undefined);
});
// What filters is sent as soon as it is chosen.
document.querySelector('.people-filter')?.addEventListener('change', (event) => {
  if (event.target instanceof HTMLSelectElement) event.target.form?.requestSubmit();
});
