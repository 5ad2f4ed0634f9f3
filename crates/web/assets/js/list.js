// @ts-check
// The list: choosing rows, actions on many, changing in place, widths of columns, rows that change live.
import { Refused, ask, awake, calm, flash, isTyping, note, page, piece, sorry, t } from './base.js';
import { askRequired, openBox, refuse } from './box.js';
import { openMenu } from './menu.js';
import { covered, slide } from './slider.js';

const root = /** @type {HTMLElement} */ (document.querySelector('[data-list]'));
const { slug, kind, query } = root.dataset;
const table = /** @type {HTMLTableElement | null} */ (root.querySelector('[data-table]'));
const body = /** @type {HTMLElement | null} */ (root.querySelector('[data-rows]'));
const bar = /** @type {HTMLElement} */ (root.querySelector('[data-mass]'));
const box = /** @type {HTMLDialogElement} */ (document.getElementById('mass-box'));
const rows = () => /** @type {HTMLElement[]} */ ([...(body?.querySelectorAll('tr[data-id]') ?? [])]);
const rowOf = (/** @type {string | number} */ id) => /** @type {HTMLElement | null} */ (body?.querySelector(`tr[data-id="${id}"]`) ?? null);
const tick = (/** @type {Element} */ row) => /** @type {HTMLInputElement} */ (row.querySelector('[data-check]'));

// ── how many ──
const total = /** @type {HTMLElement | null} */ (root.querySelector('[data-total]'));
/** @param {boolean} exact */
async function count(exact) {
  if (!total) return;
  try {
    const found = await ask(`${total.dataset.total}${exact ? '&exact=1' : ''}`, { json: true });
    total.textContent = t('total', { n: found.text });
    if (!found.more) return;
    const more = document.createElement('button');
    more.type = 'button';
    more.className = 'btn btn-sm btn-link';
    more.textContent = t('exact');
    more.addEventListener('click', () => {
      more.disabled = true;
      count(true);
    });
    total.append(' ', more);
  } catch (error) {
    sorry(error);
  }
}
root.querySelector('[data-count]')?.addEventListener('click', () => count(false));
if (total?.hasAttribute('data-at-once')) count(false);

// ── choosing ──
let all = false;
/** @type {HTMLElement | null} */ let last = null;
const chosen = () => rows().filter((row) => tick(row).checked);

function told() {
  const list = chosen();
  const page = /** @type {HTMLInputElement | null} */ (root.querySelector('[data-check-page]'));
  if (all && list.length < rows().length) all = false;
  if (page) {
    page.checked = list.length > 0 && list.length === rows().length;
    page.indeterminate = list.length > 0 && list.length < rows().length;
  }
  rows().forEach((row) => row.classList.toggle('chosen', tick(row).checked));
  bar.hidden = list.length === 0;
  root.classList.toggle('choosing', list.length > 0);
  /** @type {HTMLElement} */ (bar.querySelector('[data-mass-count]')).textContent = all ? t('chosen-all') : t('chosen', { n: list.length });
  bar.querySelector('[data-mass-all]')?.toggleAttribute('hidden', all || list.length < rows().length || !root.querySelector('.list-pages a'));
  bar.querySelector('[data-mass-merge]')?.toggleAttribute('hidden', all || list.length < 2 || list.length > 5);
  const out = /** @type {HTMLAnchorElement | null} */ (bar.querySelector('[data-mass-export]'));
  if (out) out.href = `/${slug}/export?${all ? query : `f=id&o=in&${list.map((row) => `v=${row.dataset.id}`).join('&')}`}`;
}

/** @param {boolean} on */
function everyone(on) {
  rows().forEach((row) => (tick(row).checked = on));
  all = false;
  told();
}

root.addEventListener('click', (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const box = target?.closest('td.cell-check');
  if (box) {
    const row = /** @type {HTMLElement} */ (box.closest('tr'));
    if (target === box) tick(row).checked = !tick(row).checked;
    // With Shift everything between this row and the last one.
    if (/** @type {MouseEvent} */ (event).shiftKey && last?.isConnected) {
      const list = rows();
      const [from, to] = [list.indexOf(last), list.indexOf(row)].sort((a, b) => a - b);
      list.slice(from, to + 1).forEach((one) => (tick(one).checked = tick(row).checked));
    }
    last = row;
    event.stopPropagation();
    return told();
  }
  const menu = /** @type {HTMLElement | null | undefined} */ (target?.closest('[data-row-menu]'));
  if (menu) return rowMenu(menu);
  const act = /** @type {HTMLElement | null | undefined} */ (target?.closest('[data-mass-act]'));
  if (act) return begin(act.dataset.massAct ?? '');
  if (target?.closest('[data-mass-all]')) {
    all = true;
    told();
  } else if (target?.closest('[data-mass-none]')) everyone(false);
  else if (target?.closest('[data-mass-merge]')) join();
});
root.addEventListener('change', (event) => {
  const target = event.target;
  if (target instanceof HTMLInputElement && target.matches('[data-check-page]')) everyone(target.checked);
});

// ── actions on many ──
/** @param {string} act */
async function begin(act) {
  if (act === 'delete') {
    const n = all ? t('mass-all-word') : chosen().length;
    if (confirm(t('mass-delete-ask', { n }))) await send('delete', new FormData());
    return;
  }
  try {
    openBox(box, await ask(`/${slug}/mass/ask?act=${act}`));
  } catch (error) {
    sorry(error);
  }
}

/** Two records are joined side by side; more of them at once, into the oldest. */
function join() {
  const ids = chosen().map((row) => Number(row.dataset.id)).sort((a, b) => a - b);
  if (ids.length === 2) return location.assign(`/doubles/${slug}/${ids[0]}/${ids[1]}`);
  if (confirm(t('mass-merge-ask', { n: ids.length }))) send('merge', new FormData());
}

/** @param {string} act @param {FormData} data @param {HTMLElement} [form] */
async function send(act, data, form) {
  data.set('act', act);
  data.set('address', query || 'view=');
  if (all) data.set('all', '1');
  else data.set('ids', chosen().map((row) => row.dataset.id).join(','));
  try {
    const { operation } = await ask(`/${slug}/mass`, { post: data });
    box.close();
    watch(operation);
  } catch (error) {
    if (form) refuse(form, error);
    else sorry(error);
  }
}

box.addEventListener('submit', (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  event.preventDefault();
  send(form.dataset.act ?? '', new FormData(form), form);
});

/** The strip of an operation: how far it has come, what failed and why, taking it back. @param {number} operation */
async function watch(operation) {
  const strip = document.createElement('div');
  strip.className = 'operation-strip';
  strip.setAttribute('role', 'status');
  root.querySelector('.operation-strip')?.remove();
  root.querySelector('.views-head')?.after(strip);
  everyone(false);
  for (let wait = 250; ; wait = Math.min(wait * 1.3, 1500)) {
    const told = await ask(`/${slug}/mass/${operation}`, { json: true }).catch(() => null);
    if (!told || !strip.isConnected) return strip.remove();
    draw(strip, operation, told);
    if (!told.going) break;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
  renewAll();
}

/** @param {HTMLElement} strip @param {number} operation @param {any} told */
function draw(strip, operation, told) {
  const line = document.createElement('div');
  line.className = 'operation-line';
  const back = ['undoing', 'undone'].includes(told.state);
  const words = document.createElement('strong');
  const counted = back ? told.undone : told.done;
  const of = !back && told.total !== null ? `${told.seen} / ${told.total}` : String(counted);
  words.textContent = told.going ? `${back ? t('mass-undoing') : told.title}: ${of}` : back ? t('mass-undone', { n: counted }) : told.state === 'cancelled' ? t('mass-stopped', { n: counted }) : `${told.title}. ${t('mass-done', { n: counted })}`;
  line.append(words);
  if (told.going) {
    const bar = document.createElement('progress');
    bar.setAttribute('aria-label', told.title);
    if (told.total) [bar.max, bar.value] = [told.total, back ? told.undone + told.kept : told.seen];
    line.append(bar);
    if (!back) line.append(button(t('mass-stop'), () => turn(operation, 'cancel')));
  }
  if (!told.going && told.failed && !back) {
    const failed = document.createElement('span');
    failed.className = 'text-danger';
    failed.textContent = t('mass-failed', { n: told.failed });
    line.append(failed);
  }
  if (told.may_undo) line.append(button(t('undo'), () => turn(operation, 'undo').then(() => watch(operation))));
  if (!told.going) {
    const link = document.createElement('a');
    link.href = `/operations/${operation}`;
    link.textContent = t('mass-details');
    const close = button('×', () => strip.remove());
    close.setAttribute('aria-label', t('close'));
    close.className = 'finder-icon operation-close';
    line.append(link, close);
  }
  strip.replaceChildren(line);
  if (!told.notes.length) return;
  const list = document.createElement('ul');
  list.className = 'mass-failed';
  for (const [href, title, why] of told.notes) {
    const one = document.createElement('li');
    const link = document.createElement('a');
    link.href = href;
    link.setAttribute('data-slide', '');
    link.textContent = title || href;
    one.append(link, ` — ${why}`);
    list.append(one);
  }
  strip.append(list);
}

/** @param {string} text @param {() => void} act */
function button(text, act) {
  const one = document.createElement('button');
  one.type = 'button';
  one.className = 'btn btn-sm';
  one.textContent = text;
  one.addEventListener('click', act);
  return one;
}

/** @param {number} operation @param {string} act */
async function turn(operation, act) {
  await ask(`/${slug}/mass/${operation}`, { post: { act } }).catch(sorry);
}

// ── changing in place ──
/** @param {HTMLElement} cell */
async function edit(cell) {
  const row = /** @type {HTMLElement} */ (cell.closest('tr'));
  if (!cell.hasAttribute('data-edit-cell') || cell.querySelector('[data-cell-form]')) return;
  try {
    const form = /** @type {HTMLFormElement} */ (piece(await ask(`/${slug}/${row.dataset.id}/cell/${cell.dataset.col}`)).querySelector('form'));
    const before = [...cell.childNodes];
    /** @type {any} */ (form).before = before;
    cell.replaceChildren(form);
    cell.classList.add('editing');
    awake(form);
    const input = /** @type {HTMLInputElement | null} */ (form.querySelector('input:not([type=hidden]), select, textarea'));
    input?.focus();
    if (input && 'select' in input && input.type === 'text') input.select();
  } catch (error) {
    sorry(error);
  }
}

/** @param {HTMLFormElement} form */
function leave(form) {
  const cell = /** @type {HTMLElement | null} */ (form.closest('td'));
  if (!cell) return;
  cell.classList.remove('editing');
  cell.replaceChildren(.../** @type {any} */ (form).before);
  /** @type {HTMLElement | null} */ (cell.closest('tr')?.querySelector('a[data-row]') ?? null)?.focus();
}

/** @param {HTMLFormElement} form @param {number} [step] Where to go on editing. */
async function keep(form, step = 0) {
  if (form.dataset.busy) return;
  form.dataset.busy = '1';
  const cell = /** @type {HTMLElement} */ (form.closest('td'));
  const row = /** @type {HTMLElement} */ (form.closest('tr'));
  try {
    const fresh = piece(await ask(`${form.getAttribute('action')}?${query}`, { post: new FormData(form), json: false })).querySelector('tr');
    const col = cell.dataset.col;
    if (!fresh) return row.remove();
    put(row, fresh);
    flash(/** @type {Element} */ (fresh.querySelector(`td[data-col="${col}"]`)));
    const cells = /** @type {HTMLElement[]} */ ([...fresh.querySelectorAll('td[data-edit-cell]')]);
    const next = step && cells[cells.findIndex((one) => one.dataset.col === col) + step];
    if (next) edit(next);
    else /** @type {HTMLElement | null} */ (fresh.querySelector('a[data-row]'))?.focus();
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== 'required_for_stage') return refuse(form, error);
    // The stage wants to know more than its cell can hold.
    const stage = String(new FormData(form).get('stage') ?? '');
    leave(form);
    await askRequired(slug ?? '', row.dataset.id ?? '', stage, Object.keys(error.fields)).catch(sorry);
    await renew(row.dataset.id ?? '', true);
  } finally {
    delete form.dataset.busy;
  }
}

root.addEventListener('dblclick', (event) => {
  const cell = /** @type {HTMLElement | null} */ (event.target instanceof Element ? event.target.closest('td[data-edit-cell]') : null);
  if (!cell || (event.target instanceof Element && event.target.closest('form'))) return;
  getSelection()?.removeAllRanges();
  clearTimeout(opening);
  edit(cell);
});
// A row opens at one click, but a second click in the same moment means changing in place.
/** @type {any} */ let opening;
body?.addEventListener(
  'click',
  (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target || target.closest('a, button, input, select, textarea, form, .cell-check')) return;
    const row = /** @type {HTMLElement | null} */ (target.closest('tr[data-href]'));
    if (!row) return;
    event.stopPropagation();
    clearTimeout(opening);
    if (event.detail > 1 || String(getSelection() ?? '')) return;
    opening = setTimeout(() => slide(row.dataset.href ?? ''), target.closest('[data-edit-cell]') ? 230 : 0);
  },
  true,
);
root.addEventListener('submit', (event) => {
  if (!(event.target instanceof HTMLFormElement) || !event.target.matches('[data-cell-form]')) return;
  event.preventDefault();
  keep(event.target);
});
root.addEventListener('change', (event) => {
  const select = event.target;
  if (!(select instanceof HTMLSelectElement) || select.multiple) return;
  const form = /** @type {HTMLFormElement | null} */ (select.closest('[data-cell-form]'));
  if (form) keep(form);
});
root.addEventListener('keydown', (event) => {
  const form = /** @type {HTMLFormElement | null} */ (event.target instanceof Element ? event.target.closest('[data-cell-form]') : null);
  if (!form) return;
  if (event.key === 'Escape') {
    event.preventDefault();
    event.stopPropagation();
    leave(form);
  } else if (event.key === 'Tab') {
    event.preventDefault();
    keep(form, event.shiftKey ? -1 : 1);
  } else if (event.key === 'Enter' && event.target instanceof HTMLTextAreaElement && !event.shiftKey) {
    event.preventDefault();
    keep(form);
  }
});
document.addEventListener('mousedown', (event) => {
  const form = /** @type {HTMLFormElement | null} */ (root.querySelector('[data-cell-form]'));
  if (form && event.target instanceof Element && !form.contains(event.target) && !form.closest('td')?.contains(event.target)) keep(form);
});

// ── a row's menu ──
/** @param {HTMLElement} button */
function rowMenu(button) {
  const row = /** @type {HTMLElement} */ (button.closest('tr'));
  const href = row.dataset.href ?? '';
  const first = /** @type {HTMLElement | null} */ (row.querySelector('td.cell-title[data-edit-cell]') ?? row.querySelector('td[data-edit-cell]'));
  /** @type {import('./menu.js').Line[]} */ const lines = [
    { text: t('open'), act: () => slide(href) },
    { text: t('open-tab'), act: () => void open(href, '_blank', 'noopener') },
    { text: t('copy-link'), act: () => navigator.clipboard?.writeText(location.origin + href).then(() => note(t('copied')), sorry) },
  ];
  if (first) lines.push({ text: t('edit'), act: () => edit(first) });
  if (bar.querySelector('[data-mass-act=delete]')) {
    lines.push({
      text: t('delete'),
      danger: true,
      act: async () => {
        if (!confirm(t('delete-ask'))) return;
        try {
          await ask(`${href}/delete`, { post: {} });
          row.remove();
          note(t('deleted'));
          told();
        } catch (error) {
          sorry(error);
        }
      },
    });
  }
  openMenu(button, lines);
}

// ── keyboard ──
document.addEventListener('keydown', (event) => {
  if (isTyping(event.target) || covered() || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open], .move-menu')) return;
  const row = /** @type {HTMLElement | null} */ (document.activeElement?.closest('tr[data-id]') ?? null);
  if (event.key === 'Escape' && !bar.hidden) return everyone(false);
  if (!row) return;
  if (event.code === 'KeyX' || event.key === ' ') {
    event.preventDefault();
    tick(row).checked = !tick(row).checked;
    told();
  } else if (event.code === 'KeyE') {
    event.preventDefault();
    const cell = /** @type {HTMLElement | null} */ (row.querySelector('td[data-edit-cell]'));
    if (cell) edit(cell);
  } else if (event.code === 'KeyM') {
    event.preventDefault();
    rowMenu(/** @type {HTMLElement} */ (row.querySelector('[data-row-menu]')));
  }
});

// ── widths ──
const widths = `vekha-widths-${page.user}-${slug}`;
/** @type {Record<string, number>} */ const known = JSON.parse(localStorage.getItem(widths) ?? '{}');
for (const head of table?.querySelectorAll('th[data-col]') ?? []) {
  const column = /** @type {HTMLElement} */ (head);
  const width = known[column.dataset.col ?? ''];
  if (width) wide(column, width);
  column.querySelector('[data-grab]')?.addEventListener('pointerdown', (event) => {
    const pointer = /** @type {PointerEvent} */ (event);
    pointer.preventDefault();
    const [from, was] = [pointer.clientX, column.offsetWidth];
    const move = (/** @type {PointerEvent} */ now) => wide(column, Math.max(60, Math.min(700, was + now.clientX - from)));
    const end = () => {
      document.removeEventListener('pointermove', move);
      known[column.dataset.col ?? ''] = column.offsetWidth;
      localStorage.setItem(widths, JSON.stringify(known));
    };
    document.addEventListener('pointermove', move);
    document.addEventListener('pointerup', end, { once: true });
  });
}
/** @param {HTMLElement} column @param {number} width */
function wide(column, width) {
  column.style.width = `${width}px`;
  column.style.minWidth = `${width}px`;
  column.style.maxWidth = `${width}px`;
}

// ── what others do ──
/** @param {HTMLElement} old @param {HTMLElement} fresh */
function put(old, fresh) {
  tick(fresh).checked = tick(old).checked;
  fresh.classList.toggle('chosen', tick(fresh).checked);
  old.replaceWith(fresh);
  awake(fresh);
}

/** @param {string} id @param {boolean} mine */
async function renew(id, mine) {
  const old = rowOf(id);
  if (!old || old.querySelector('[data-cell-form]')) return;
  const html = await ask(`/${slug}/${id}/row?${query}`).catch(() => null);
  if (html === null || !old.isConnected) return;
  const fresh = /** @type {HTMLElement | null} */ (piece(html).querySelector('tr'));
  if (!fresh) return old.remove();
  const focused = old.contains(document.activeElement);
  put(old, fresh);
  if (!mine) flash(fresh);
  if (focused) /** @type {HTMLElement | null} */ (fresh.querySelector('a[data-row]'))?.focus();
}

async function renewAll() {
  const answer = await fetch(location.href, { credentials: 'same-origin' }).catch(() => null);
  if (!answer?.ok || !body) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('[data-rows]');
  if (!fresh) return location.reload();
  const kept = new Set(chosen().map((row) => row.dataset.id));
  body.replaceChildren(...fresh.childNodes);
  rows().forEach((row) => (tick(row).checked = kept.has(row.dataset.id)));
  awake(body);
  told();
}

/** @type {Map<string, boolean>} */ const changed = new Map();
const catchUp = calm(() => {
  const list = [...changed];
  changed.clear();
  if (list.length > 15) renewAll();
  else list.forEach(([id, mine]) => renew(id, mine));
}, 150);
let news = false;
document.addEventListener('vekha:live', (event) => {
  const live = /** @type {CustomEvent} */ (event).detail;
  const [of, id] = live.about.split(':');
  if (of !== kind || live.fact === 'notified') return;
  if (live.fact === 'deleted') {
    rowOf(id)?.remove();
    return told();
  }
  if (rowOf(id)) {
    changed.set(id, live.by === page.user && (changed.get(id) ?? true));
    catchUp();
  } else if (live.fact === 'created' && live.by !== page.user && !news) {
    news = true;
    note(t('list-news'), { action: t('reload'), act: () => location.reload(), stays: true });
  }
});
document.addEventListener('vekha:resync', () => renewAll());
told();
