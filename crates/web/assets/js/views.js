// @ts-check
// The head of boards, lists, activities and calendars: the builder of conditions, saved views, the choice of columns.
import { ask, awake, note, piece, sorry, t } from './base.js';
import { openBox, refuse } from './box.js';

const head = /** @type {HTMLElement} */ (document.querySelector('[data-views]'));
const { slug, mode } = head.dataset;
const query = head.dataset.query ?? '';
const finder = /** @type {HTMLFormElement} */ (head.querySelector('[data-finder]'));
const panel = /** @type {HTMLElement} */ (finder.querySelector('.finder-panel'));
const groups = /** @type {HTMLElement} */ (finder.querySelector('[data-groups]'));
const opener = /** @type {HTMLElement} */ (finder.querySelector('.finder-icon[data-finder-open]'));

/** @param {boolean} open */
function show(open) {
  panel.hidden = !open;
  opener.setAttribute('aria-expanded', String(open));
  if (open && !groups.querySelector('.filter-row')) addRow(false);
}

// ── conditions ──
/** @param {boolean} another A new group: one of the groups is enough. */
async function addRow(another) {
  let group = another ? null : groups.querySelector('[data-group]:last-of-type');
  if (!group) {
    group = document.createElement('fieldset');
    group.className = 'finder-group';
    group.setAttribute('data-group', '');
    if (groups.children.length) {
      const or = document.createElement('input');
      or.type = 'hidden';
      or.name = 'or';
      or.value = '1';
      const legend = document.createElement('legend');
      legend.textContent = t('filter-or');
      group.append(or, legend);
    }
    groups.append(group);
  }
  try {
    const row = piece(await ask(`/${slug}/filter-row`)).querySelector('.filter-row');
    if (!row) return;
    group.append(row);
    awake(row);
    /** @type {HTMLElement | null} */ (row.querySelector('select'))?.focus();
  } catch (error) {
    sorry(error);
  }
}

/** An empty group is no group; the first one begins without "or". */
function tidy() {
  groups.querySelectorAll('[data-group]').forEach((group) => group.querySelector('.filter-row') ?? group.remove());
  groups.querySelector('[data-group]')?.querySelectorAll('[name=or], legend').forEach((one) => one.remove());
}

/** What is not filled in would only make the address long. */
finder.addEventListener('submit', () => {
  finder.querySelectorAll('.filter-value [name=v]').forEach((input) => {
    const field = /** @type {HTMLInputElement} */ (input);
    if (field.type !== 'checkbox' && !field.value.trim() && !field.closest('.between')) field.disabled = true;
  });
  const q = /** @type {HTMLInputElement} */ (finder.elements.namedItem('q'));
  if (!q.value.trim()) q.disabled = true;
});

/** @param {string} place */
function dropChip(place) {
  if (place === 'view') {
    finder.querySelectorAll('input[type=hidden][name=view]').forEach((one) => one.setAttribute('value', ''));
    // The conditions of the view go with it.
    groups.replaceChildren();
  } else {
    const [group, row] = place.split(':').map(Number);
    groups.querySelectorAll('[data-group]')[group]?.querySelectorAll('.filter-row')[row]?.remove();
    tidy();
  }
  finder.requestSubmit();
}

finder.addEventListener('click', (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const chip = /** @type {HTMLElement | null | undefined} */ (target?.closest('[data-chip-drop]'));
  const edit = /** @type {HTMLElement | null | undefined} */ (target?.closest('[data-view-edit]'));
  const update = /** @type {HTMLElement | null | undefined} */ (target?.closest('[data-view-update]'));
  if (chip) dropChip(chip.dataset.chipDrop ?? '');
  else if (target?.closest('[data-finder-open]')) show(panel.hidden || Boolean(target.closest('.chip')));
  else if (target?.closest('[data-row-add]')) addRow(false);
  else if (target?.closest('[data-group-add]')) addRow(true);
  else if (target?.closest('[data-drop-row]')) {
    target.closest('[data-filter-row]')?.remove();
    tidy();
  } else if (target?.closest('[data-view-save]')) saveView();
  else if (edit) editView(edit);
  else if (update) updateView(update.dataset.viewUpdate ?? '');
});
document.addEventListener('click', (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!panel.hidden && target?.isConnected && !target.closest('.finder, dialog')) show(false);
});
finder.addEventListener('keydown', (event) => {
  const inside = event.target instanceof Element && event.target.closest('.finder-panel');
  if (event.key === 'Escape' && !panel.hidden) {
    event.preventDefault();
    event.stopPropagation();
    show(false);
    opener.focus();
  } else if (event.key === 'ArrowDown' && event.target === finder.elements.namedItem('q')) {
    event.preventDefault();
    show(true);
  } else if (event.key === 'Enter' && inside && event.target instanceof HTMLSelectElement) {
    event.preventDefault();
    finder.requestSubmit();
  }
});
document.addEventListener('input', (event) => {
  const input = event.target;
  if (!(input instanceof HTMLInputElement) || !input.matches('[data-checks-find]')) return;
  const wanted = input.value.trim().toLowerCase();
  const list = input.parentElement?.querySelectorAll('label.tick') ?? [];
  list.forEach((one) => /** @type {HTMLElement} */ (one).toggleAttribute('hidden', !(one.textContent ?? '').toLowerCase().includes(wanted)));
});

// ── saved views ──
const box = /** @type {HTMLDialogElement} */ (document.getElementById('save-view'));
const form = /** @type {HTMLFormElement} */ (box.querySelector('form'));
const field = (/** @type {string} */ name) => /** @type {HTMLInputElement | null} */ (form.querySelector(`input[name="${name}"]`));

/** What the address would be with the conditions as they stand in the builder. */
function built() {
  const params = new URLSearchParams();
  new FormData(finder).forEach((value, name) => {
    if (!(name === 'v' && !String(value).trim()) && !(name === 'q' && !String(value).trim())) params.append(name, String(value));
  });
  const columns = new URLSearchParams(query).get('cols');
  if (columns && !params.has('cols')) params.append('cols', columns);
  return params.toString() || 'view=';
}

function saveView() {
  form.reset();
  for (const name of ['code', 'was']) field(name)?.setAttribute('value', '');
  form.querySelector('[data-view-delete]')?.setAttribute('hidden', '');
  roles();
  openBox(box);
}

/** @param {HTMLElement} button */
function editView(button) {
  form.reset();
  field('code')?.setAttribute('value', button.dataset.viewEdit ?? '');
  field('was')?.setAttribute('value', button.dataset.shared === 'true' ? '1' : '');
  /** @type {HTMLInputElement} */ (field('title')).value = button.dataset.title ?? '';
  /** @type {HTMLInputElement} */ (field('pinned')).checked = button.dataset.pinned === 'true';
  const shared = field('shared');
  if (shared) shared.checked = button.dataset.shared === 'true';
  const chosen = (button.dataset.roles ?? '').split(',');
  form.querySelectorAll('input[name=role]').forEach((one) => (/** @type {HTMLInputElement} */ (one).checked = chosen.includes(/** @type {HTMLInputElement} */ (one).value)));
  form.querySelector('[data-view-delete]')?.removeAttribute('hidden');
  roles();
  openBox(box);
}

function roles() {
  form.querySelector('[data-roles]')?.toggleAttribute('hidden', !field('shared')?.checked);
}

/** @param {string} code */
async function updateView(code) {
  const line = /** @type {HTMLElement | null} */ (finder.querySelector(`[data-view-edit="${code}"]`));
  const data = new FormData();
  for (const [name, value] of [['code', code], ['mode', mode ?? ''], ['address', built()], ['title', line?.dataset.title ?? ''], ['pinned', line?.dataset.pinned === 'true' ? '1' : ''], ['shared', line?.dataset.shared === 'true' ? '1' : '']]) data.append(name, value);
  (line?.dataset.roles ?? '').split(',').filter(Boolean).forEach((role) => data.append('role', role));
  try {
    const { href } = await ask(`/${slug}/views`, { post: data });
    location.assign(href);
  } catch (error) {
    sorry(error);
  }
}

form.addEventListener('change', roles);
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const data = new FormData(form);
  if (!data.get('code')) data.append('address', built());
  try {
    const { href } = await ask(`/${slug}/views`, { post: data });
    box.close();
    location.assign(href);
  } catch (error) {
    refuse(form, error);
  }
});
form.querySelector('[data-view-delete]')?.addEventListener('click', async () => {
  if (!confirm(t('view-delete-ask'))) return;
  try {
    await ask(`/${slug}/views/delete`, { post: { code: field('code')?.value ?? '', shared: field('was')?.value ?? '' } });
    location.assign(finder.action + '?view=');
  } catch (error) {
    refuse(form, error);
  }
});

// ── columns ──
const columns = /** @type {HTMLDialogElement} */ (document.getElementById('columns-box'));
head.querySelector('[data-columns-open]')?.addEventListener('click', async () => {
  try {
    openBox(columns, await ask(`/${slug}/columns?mode=${mode}&${query}`));
    const list = columns.querySelector('[data-columns-list]');
    /** @type {any} */ (window).Sortable.create(list, { animation: 120, handle: '.grip', draggable: 'label' });
  } catch (error) {
    sorry(error);
  }
});

/** @param {FormData} data */
async function keepColumns(data) {
  const asked = /** @type {HTMLElement} */ (columns.querySelector('form'));
  const address = new URLSearchParams(query);
  address.delete('cols');
  if (asked.hasAttribute('data-has-view')) {
    const chosen = data.getAll('col').join(',');
    if (chosen) address.set('cols', chosen);
  } else {
    await ask(`/${slug}/columns`, { post: data });
  }
  location.assign(`${location.pathname}?${address.toString() || 'view='}`);
}

columns.addEventListener('submit', (event) => {
  event.preventDefault();
  keepColumns(new FormData(/** @type {HTMLFormElement} */ (event.target))).catch(sorry);
});
columns.addEventListener('change', (event) => {
  const asked = /** @type {HTMLElement | null} */ (columns.querySelector('form'));
  const most = Number(asked?.dataset.most);
  const input = /** @type {HTMLInputElement} */ (event.target);
  if (input.type === 'checkbox' && columns.querySelectorAll('input:checked').length > most) {
    input.checked = false;
    note(t('columns-most', { n: most }), { bad: true });
  }
});
columns.addEventListener('keydown', (event) => {
  // The order without a mouse: Alt and arrows.
  const line = event.target instanceof Element ? event.target.closest('label[data-code]') : null;
  if (!line || !event.altKey || !['ArrowUp', 'ArrowDown'].includes(event.key)) return;
  event.preventDefault();
  if (event.key === 'ArrowUp') line.previousElementSibling?.before(line);
  else line.nextElementSibling?.after(line);
  /** @type {HTMLElement} */ (event.target).focus();
});
columns.addEventListener('click', (event) => {
  if (!(event.target instanceof Element) || !event.target.closest('[data-columns-reset]')) return;
  const data = new FormData();
  data.append('mode', mode ?? 'list');
  keepColumns(data).catch(sorry);
});
// For whoever waits until the page can be used.
head.dataset.ready = '1';
