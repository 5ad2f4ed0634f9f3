// @ts-check
// The board: dragging with a tray below, moving by keyboard and menu, quick adding, changes of others sliding in.
import { Refused, ask, awake, calm, flash, isTyping, merge, note, page, piece, sorry, t } from './base.js';
import { askRequired } from './box.js';
import { openMenu } from './menu.js';
import { covered, slide } from './slider.js';

const root = /** @type {HTMLElement} */ (document.querySelector('[data-board]'));
const board = /** @type {HTMLElement} */ (root.querySelector('[data-columns]'));
const tray = /** @type {HTMLElement} */ (root.querySelector('[data-tray]'));
const { slug, kind, pipeline, query } = root.dataset;
const columns = () => /** @type {HTMLElement[]} */ ([...board.querySelectorAll('.column')]);
const columnOf = (/** @type {string | number | undefined} */ stage) => /** @type {HTMLElement | null} */ (board.querySelector(`.column[data-stage="${stage}"]`));
const tilesOf = (/** @type {Element | null} */ column) => /** @type {HTMLElement[]} */ ([...(column?.querySelectorAll('.tile') ?? [])]);
const tileOf = (/** @type {string | number} */ id) => document.getElementById(`tile-${id}`);

// ── counts and sums ──
const totals = calm(async () => {
  const list = await ask(`/${slug}/board/totals?${query}`, { json: true }).catch(() => []);
  for (const one of list) {
    const column = columnOf(one.stage);
    if (!column) continue;
    /** @type {HTMLElement} */ (column.querySelector('[data-count]')).textContent = one.count;
    /** @type {HTMLElement} */ (column.querySelector('[data-sums]')).textContent = one.sums || '\u00a0';
  }
  counts();
}, 150);

// ── moving ──
/**
 * Moves a card that already stands in its new place; puts it back when the server refuses.
 * @param {HTMLElement} tile @param {string} stage @param {() => void} back
 */
async function move(tile, stage, back) {
  const before = tile.dataset.stage ?? '';
  if (before === stage) return;
  tile.classList.add('saving');
  tile.dataset.stage = stage;
  try {
    const done = await moved(tile.dataset.id ?? '', stage);
    if (!done) {
      tile.dataset.stage = before;
      return back();
    }
    note(t('moved', { stage: done.title }), { action: t('undo'), act: () => place(tile, before) });
    await renew(Number(tile.dataset.id), true);
  } catch (error) {
    tile.dataset.stage = before;
    back();
    sorry(error);
  } finally {
    tile.classList.remove('saving');
    totals();
  }
}

/** Moves a card on the server; asks first what the stage wants to know. Nothing when somebody thought better of it. @param {string} id @param {string} stage */
async function moved(id, stage) {
  try {
    return await ask(`/${slug}/${id}/move`, { post: { stage } });
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== 'required_for_stage') throw error;
    return askRequired(slug ?? '', id, stage, Object.keys(error.fields));
  }
}

/** Stages of other pipelines, for a card that leaves this one. @param {HTMLElement} tile @param {() => void} back */
function elsewhere(tile, back) {
  const lines = [...(/** @type {HTMLTemplateElement | null} */ (root.querySelector('[data-other-pipelines]'))?.content.children ?? [])].map((one) =>
    one.tagName === 'H6' ? { head: one.textContent ?? '' } : { text: one.textContent ?? '', color: /** @type {HTMLElement} */ (one).dataset.color, act: () => leave(tile, /** @type {HTMLElement} */ (one).dataset.stage ?? '') },
  );
  back();
  openMenu(tile, lines);
}

/** @param {HTMLElement} tile @param {string} stage */
async function leave(tile, stage) {
  try {
    const done = await moved(tile.dataset.id ?? '', stage);
    if (!done) return;
    note(t('moved', { stage: done.title }));
    await renew(Number(tile.dataset.id), true);
  } catch (error) {
    sorry(error);
  }
  totals();
}

/** Moves a card by menu or keyboard: to the top of its new column. @param {HTMLElement} tile @param {string} stage */
function place(tile, stage) {
  const now = tileOf(tile.dataset.id ?? '') ?? tile;
  const from = now.parentElement;
  const next = now.nextSibling;
  columnOf(stage)?.querySelector('[data-tiles]')?.prepend(now);
  now.focus();
  now.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  return move(now, stage, () => from?.insertBefore(now, next));
}

/** @param {HTMLElement} tile @param {() => void} back */
async function remove(tile, back) {
  if (!confirm(t('delete-ask'))) return back();
  try {
    await ask(`/${slug}/${tile.dataset.id}/delete`, { post: {} });
    tile.remove();
    note(t('deleted'));
  } catch (error) {
    back();
    sorry(error);
  }
  totals();
}

// ── dragging ──
/** @type {any} */ const Sortable = /** @type {any} */ (window).Sortable;
const common = { group: 'board', draggable: '.tile', animation: 120, delay: 180, delayOnTouchOnly: true, touchStartThreshold: 6 };

/** @param {any} event */
function putBack(event) {
  const list = [...event.from.querySelectorAll('.tile')];
  event.from.insertBefore(event.item, list[event.oldDraggableIndex] ?? event.from.querySelector('.more'));
}

function drags() {
  for (const box of board.querySelectorAll('[data-tiles]')) {
    Sortable.create(box, {
      ...common,
      sort: false,
      filter: '.more',
      preventOnFilter: false,
      ghostClass: 'tile-ghost',
      dragClass: 'tile-drag',
      scroll: true,
      scrollSensitivity: 80,
      scrollSpeed: 18,
      bubbleScroll: true,
      onStart: () => {
        board.classList.add('dragging');
        tray.hidden = false;
      },
      onMove: (/** @type {any} */ event) => {
        document.querySelectorAll('.over').forEach((one) => one.classList.remove('over'));
        (event.to.closest('.column') ?? event.to.closest('[data-drop]'))?.classList.add('over');
      },
      onEnd: () => {
        board.classList.remove('dragging');
        tray.hidden = true;
        document.querySelectorAll('.over').forEach((one) => one.classList.remove('over'));
      },
      onAdd: (/** @type {any} */ event) => move(event.item, event.to.closest('.column').dataset.stage, () => putBack(event)),
    });
  }
  for (const slot of tray.querySelectorAll('[data-drop]')) {
    Sortable.create(slot, {
      ...common,
      onAdd: (/** @type {any} */ event) => {
        const stage = event.to.dataset.stage;
        if (stage === 'delete') return remove(event.item, () => putBack(event));
        if (stage === 'pipeline') return elsewhere(event.item, () => putBack(event));
        const from = event.item.dataset.stage;
        columnOf(stage)?.querySelector('[data-tiles]')?.prepend(event.item);
        event.item.dataset.stage = from;
        move(event.item, stage, () => putBack(event));
      },
    });
  }
}

// ── the menu of stages ──
/** @param {HTMLElement} tile */
function menu(tile) {
  /** @type {import('./menu.js').Line[]} */ const lines = [{ head: t('move-to') }];
  for (const column of columns()) {
    if (column.dataset.stage === tile.dataset.stage) continue;
    lines.push({ text: column.dataset.title ?? '', color: getComputedStyle(column).getPropertyValue('--stage'), act: () => place(tile, column.dataset.stage ?? '') });
  }
  if (root.querySelector('[data-other-pipelines]')) lines.push({ text: `${t('other-pipeline')}…`, act: () => elsewhere(tile, () => {}) });
  openMenu(tile, lines);
}

// ── keyboard ──
/** One card of the board can be reached by Tab, the others by arrows. */
function roam() {
  const all = board.querySelectorAll('.tile');
  if (all.length && !board.querySelector('.tile[tabindex="0"]')) all[0].setAttribute('tabindex', '0');
}

/** @param {HTMLElement | undefined} tile */
function focus(tile) {
  if (!tile) return;
  board.querySelectorAll('.tile[tabindex="0"]').forEach((one) => one.setAttribute('tabindex', '-1'));
  tile.setAttribute('tabindex', '0');
  tile.focus();
  tile.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

/** @param {HTMLElement} tile @param {number} by */
function sideways(tile, by) {
  const all = columns();
  const here = /** @type {HTMLElement} */ (tile.closest('.column'));
  const height = tilesOf(here).indexOf(tile);
  for (let at = all.indexOf(here) + by; at >= 0 && at < all.length; at += by) {
    const there = tilesOf(all[at]);
    if (there.length) return focus(there[Math.min(height, there.length - 1)]);
  }
}

/** @param {KeyboardEvent} event */
function keys(event) {
  if (isTyping(event.target) || covered() || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('.move-menu')) return;
  if (document.querySelector('dialog[open]')) return;
  if (event.code === 'KeyC') {
    event.preventDefault();
    return quick(board.querySelector('.column.at') ?? columns()[0]);
  }
  const tile = /** @type {HTMLElement | null} */ (document.activeElement?.closest('.tile') ?? null);
  if (!tile) {
    if (['ArrowDown', 'ArrowRight', 'KeyJ'].includes(event.code) && (document.activeElement === document.body || board.contains(document.activeElement))) {
      event.preventDefault();
      focus(tilesOf(board)[0]);
    }
    return;
  }
  const list = tilesOf(tile.closest('.column'));
  const at = list.indexOf(tile);
  const act = {
    ArrowDown: () => focus(list[at + 1]),
    KeyJ: () => focus(list[at + 1]),
    ArrowUp: () => focus(list[at - 1]),
    KeyK: () => focus(list[at - 1]),
    ArrowLeft: () => sideways(tile, -1),
    ArrowRight: () => sideways(tile, 1),
    Enter: () => slide(tile.dataset.href ?? ''),
    KeyM: () => menu(tile),
    KeyE: () => slide(tile.dataset.href ?? ''),
  }[event.code];
  if (!act || (event.code === 'Enter' && event.target !== tile)) return;
  event.preventDefault();
  act();
}

// ── quick adding ──
/** @param {Element | null | undefined} column */
function quick(column) {
  const form = /** @type {HTMLFormElement | null | undefined} */ (column?.querySelector('[data-quick-form]'));
  if (!form) return;
  form.hidden = false;
  column?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  form.querySelector('input:not([type=hidden])') && /** @type {HTMLElement} */ (form.querySelector('input:not([type=hidden])')).focus();
}

/** @param {HTMLFormElement} form */
async function add(form) {
  if (form.dataset.busy) return;
  form.dataset.busy = '1';
  const error = /** @type {HTMLElement} */ (form.querySelector('.form-error'));
  error.hidden = true;
  try {
    const html = await ask(form.action, { post: new FormData(form), json: false });
    show(piece(html).querySelector('.tile'), true);
    form.reset();
    form.hidden = true;
    root.querySelector('.board-empty')?.remove();
  } catch (failed) {
    error.textContent = /** @type {Error} */ (failed).message;
    error.hidden = false;
  } finally {
    delete form.dataset.busy;
    totals();
  }
}

// ── what others do ──
/** Puts a card as the server sent it into its column. @param {Element | null} fresh @param {boolean} mine */
function show(fresh, mine) {
  if (!(fresh instanceof HTMLElement)) return;
  const old = tileOf(fresh.dataset.id ?? '');
  const column = columnOf(fresh.dataset.stage);
  if (!column) return old?.remove();
  const focused = old?.contains(document.activeElement);
  if (old && old.closest('.column') === column) {
    if (old.classList.contains('sortable-chosen') || document.querySelector('.move-menu')) return;
    old.replaceWith(fresh);
    if (!mine) flash(fresh);
  } else {
    old?.remove();
    column.querySelector('[data-tiles]')?.prepend(fresh);
    if (!mine) fresh.classList.add('came');
  }
  awake(fresh);
  if (focused) focus(fresh);
  roam();
}

/** @param {number} id @param {boolean} mine */
async function renew(id, mine) {
  const html = await ask(`/${slug}/${id}/tile?${query}`).catch(() => '');
  const fresh = piece(html).querySelector('.tile');
  if (fresh) show(fresh, mine);
  else tileOf(id)?.remove();
}

/** Cards that changed, and whether it was I. @type {Map<number, boolean>} */ const changed = new Map();
const catchUp = calm(async () => {
  const list = [...changed];
  changed.clear();
  if (board.classList.contains('dragging')) {
    list.forEach(([id, mine]) => changed.set(id, mine));
    setTimeout(catchUp, 500);
    return;
  }
  if (list.length > 25) return reload();
  await Promise.all(list.map(([id, mine]) => renew(id, mine)));
}, 120);

/** Reads the whole board anew. */
async function reload() {
  const answer = await fetch(`/${slug}/board?${query}`, { credentials: 'same-origin' }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const column of columns()) {
    const next = fresh.querySelector(`.column[data-stage="${column.dataset.stage}"] [data-tiles]`);
    const box = column.querySelector('[data-tiles]');
    if (next && box) merge(box, next, { flash: false });
  }
  totals();
  roam();
}

document.addEventListener('vekha:live', (event) => {
  const told = /** @type {CustomEvent} */ (event).detail;
  const [of, id] = told.about.split(':');
  if (of !== kind || told.fact === 'notified') return;
  const here = tileOf(id) !== null;
  const comes = told.pipeline === undefined || String(told.pipeline) === pipeline;
  if (!here && !(comes && ['created', 'moved', 'assigned'].includes(told.fact))) return;
  if (told.fact === 'deleted') {
    tileOf(id)?.remove();
  } else {
    const mine = told.by === page.user && (changed.get(Number(id)) ?? true);
    changed.set(Number(id), mine);
    catchUp();
  }
  if (['created', 'moved', 'changed', 'deleted', 'assigned'].includes(told.fact)) totals();
});
document.addEventListener('vekha:resync', reload);

document.addEventListener('click', (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const opener = target?.closest('[data-move-menu]');
  if (opener) return menu(/** @type {HTMLElement} */ (opener.closest('.tile')));
  if (target?.closest('[data-quick-first]')) return quick(board.querySelector('.column.at') ?? columns()[0]);
  if (target?.closest('[data-quick]')) return quick(target.closest('.column'));
  if (target?.closest('[data-quick-close]')) /** @type {HTMLElement} */ (target.closest('[data-quick-form]')).hidden = true;
});
board.addEventListener('submit', (event) => {
  if (!(event.target instanceof HTMLFormElement) || !event.target.matches('[data-quick-form]')) return;
  event.preventDefault();
  add(event.target);
});
board.addEventListener('keydown', (event) => {
  const form = event.target instanceof Element ? event.target.closest('[data-quick-form]') : null;
  if (form && event.key === 'Escape') {
    event.preventDefault();
    /** @type {HTMLElement} */ (form).hidden = true;
  }
});
document.addEventListener('keydown', keys);

// ── one column on a phone ──
const stages = /** @type {HTMLSelectElement} */ (root.querySelector('[data-stage-switch]'));
/** @param {string} stage */
function turn(stage) {
  columns().forEach((column) => column.classList.toggle('at', column.dataset.stage === stage));
  stages.value = stage;
}
/** @param {number} by */
function step(by) {
  const at = Math.min(stages.options.length - 1, Math.max(0, stages.selectedIndex + by));
  turn(stages.options[at].value);
}
stages.addEventListener('change', () => turn(stages.value));
root.querySelectorAll('[data-stage-step]').forEach((button) => button.addEventListener('click', () => step(Number(/** @type {HTMLElement} */ (button).dataset.stageStep))));
/** @type {{x: number, y: number} | null} */ let touch = null;
board.addEventListener('touchstart', (event) => (touch = { x: event.touches[0].clientX, y: event.touches[0].clientY }), { passive: true });
board.addEventListener(
  'touchend',
  (event) => {
    if (!touch || board.classList.contains('dragging') || getComputedStyle(/** @type {HTMLElement} */ (stages.parentElement)).display === 'none') return;
    const [x, y] = [event.changedTouches[0].clientX - touch.x, event.changedTouches[0].clientY - touch.y];
    if (Math.abs(x) > 70 && Math.abs(x) > 2 * Math.abs(y)) step(x < 0 ? 1 : -1);
  },
  { passive: true },
);
// The first column that holds something.
if (!board.querySelector('.column.at .tile')) turn(/** @type {HTMLElement | null} */ (board.querySelector('.column:has(.tile)'))?.dataset.stage ?? stages.value);
/** The switch tells how many cards stand where. */
function counts() {
  for (const option of stages.options) {
    const count = columnOf(option.value)?.querySelector('[data-count]')?.textContent ?? '';
    option.textContent = count ? `${option.dataset.name} · ${count}` : (option.dataset.name ?? '');
  }
}
counts();
document.addEventListener('htmx:after:swap', roam);
drags();
roam();
if (root.hasAttribute('data-narrow')) totals();
