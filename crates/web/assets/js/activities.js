// @ts-check
// The activities board: dragging, the menu and the keyboard plan anew; what others do slides in.
import { ask, awake, calm, isTyping, note, piece, sorry, t } from './base.js';
import { openBox, refuse } from './box.js';
import { openMenu } from './menu.js';
import { covered, slide } from './slider.js';

const root = /** @type {HTMLElement} */ (document.querySelector('[data-acts]'));
const board = /** @type {HTMLElement} */ (root.querySelector('[data-columns]'));
const box = /** @type {HTMLDialogElement} */ (document.getElementById('plan-box'));
const { slug, kind, query } = root.dataset;
const columns = () => /** @type {HTMLElement[]} */ ([...board.querySelectorAll('.column')]);
const tilesOf = (/** @type {Element | null} */ column) => /** @type {HTMLElement[]} */ ([...(column?.querySelectorAll('.tile') ?? [])]);

/** Asks what is to be done for a record without a plan. @param {string} when @returns {Promise<string>} */
function title(when) {
  /** @type {HTMLElement} */ (box.querySelector('[data-plan-when]')).textContent = board.querySelector(`.column[data-when="${when}"]`)?.getAttribute('data-title') ?? '';
  openBox(box);
  return new Promise((resolve) => {
    let given = '';
    const send = (/** @type {Event} */ event) => {
      event.preventDefault();
      given = /** @type {HTMLInputElement} */ (document.getElementById('plan-title')).value.trim();
      box.close();
    };
    box.addEventListener('submit', send);
    box.addEventListener('close', () => (box.removeEventListener('submit', send), resolve(given)), { once: true });
  });
}

/** @param {HTMLElement} tile @param {string} when */
async function plan(tile, when) {
  try {
    if (when === 'none') throw Object.assign(new Error(), { told: t('plan-no') });
    if (when === 'late') throw Object.assign(new Error(), { told: t('plan-late') });
    const task = tile.dataset.task ?? '0';
    const what = task === '0' ? await title(when) : '';
    if (task === '0' && !what) return renew();
    const told = await ask(`/${slug}/activities/plan`, { post: { task, record: tile.dataset.id, title: what, when } });
    note(`${t('planned')}: ${told.when}`);
  } catch (error) {
    if (/** @type {any} */ (error).told) note(/** @type {any} */ (error).told, { bad: true });
    else if (box.open) refuse(/** @type {HTMLElement} */ (box.querySelector('form')), error);
    else sorry(error);
  }
  await renew();
}

/** @type {any} */ const Sortable = /** @type {any} */ (window).Sortable;
function drags() {
  for (const list of board.querySelectorAll('[data-tiles]')) {
    Sortable.create(list, {
      group: 'acts',
      draggable: '.tile',
      animation: 120,
      delay: 180,
      delayOnTouchOnly: true,
      touchStartThreshold: 6,
      sort: false,
      ghostClass: 'tile-ghost',
      dragClass: 'tile-drag',
      onStart: () => board.classList.add('dragging'),
      onMove: (/** @type {any} */ event) => {
        document.querySelectorAll('.over').forEach((one) => one.classList.remove('over'));
        event.to.closest('.column')?.classList.add('over');
      },
      onEnd: () => {
        board.classList.remove('dragging');
        document.querySelectorAll('.over').forEach((one) => one.classList.remove('over'));
      },
      onAdd: (/** @type {any} */ event) => plan(event.item, event.to.closest('.column').dataset.when),
    });
  }
}

/** @param {HTMLElement} tile */
function menu(tile) {
  const here = tile.closest('.column')?.getAttribute('data-when');
  const lines = columns().filter((column) => !['late', 'none', here].includes(column.dataset.when ?? ''));
  openMenu(tile, lines.map((column) => ({ text: column.dataset.title ?? '', color: getComputedStyle(column).getPropertyValue('--stage'), act: () => plan(tile, column.dataset.when ?? '') })));
}

function counts() {
  for (const column of columns()) {
    const count = tilesOf(column).length;
    const more = column.querySelector('.more') ? '+' : '';
    /** @type {HTMLElement} */ (column.querySelector('[data-count]')).textContent = count ? `${count}${more}` : '';
    column.querySelector('.acts-empty')?.toggleAttribute('hidden', count > 0 || Boolean(more));
  }
  roam();
}

/** Reads all columns anew and keeps what one looked at. */
async function renew() {
  const answer = await fetch(`/${slug}/activities?${query}`, { credentials: 'same-origin' }).catch(() => null);
  if (!answer?.ok || board.classList.contains('dragging')) return;
  const focus = document.activeElement?.closest('.tile')?.id;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const column of columns()) {
    const next = fresh.querySelector(`.column[data-when="${column.dataset.when}"] [data-tiles]`);
    const list = column.querySelector('[data-tiles]');
    if (!next || !list) continue;
    const top = list.scrollTop;
    list.replaceChildren(...piece(next.innerHTML).childNodes);
    awake(list);
    list.scrollTop = top;
  }
  counts();
  if (focus) document.getElementById(focus)?.focus();
}

const soon = calm(renew, 400);
document.addEventListener('vekha:live', (event) => {
  const told = /** @type {CustomEvent} */ (event).detail;
  if (told.item.startsWith('501:') || (told.about.split(':')[0] === kind && document.getElementById(`tile-${told.about.split(':')[1]}`))) soon();
});
document.addEventListener('vekha:resync', soon);
document.addEventListener('vekha:tasks', soon);

// ── keyboard ──
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

document.addEventListener('keydown', (event) => {
  if (isTyping(event.target) || covered() || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('.move-menu, dialog[open]')) return;
  const tile = /** @type {HTMLElement | null} */ (document.activeElement?.closest('.tile') ?? null);
  if (!tile) {
    if (['ArrowDown', 'ArrowRight', 'KeyJ'].includes(event.code) && document.activeElement === document.body) {
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
    KeyE: () => slide(tile.dataset.href ?? ''),
    KeyM: () => menu(tile),
  }[event.code];
  if (!act || (event.code === 'Enter' && event.target !== tile)) return;
  event.preventDefault();
  act();
});
document.addEventListener('click', (event) => {
  const opener = event.target instanceof Element ? event.target.closest('[data-plan-menu]') : null;
  if (opener) menu(/** @type {HTMLElement} */ (opener.closest('.tile')));
});

// ── one column on a phone ──
const times = /** @type {HTMLSelectElement} */ (root.querySelector('[data-stage-switch]'));
/** @param {string} when */
function turn(when) {
  columns().forEach((column) => column.classList.toggle('at', column.dataset.when === when));
  times.value = when;
}
turn(/** @type {HTMLElement | null} */ (board.querySelector('.column:has(.tile)'))?.dataset.when ?? 'today');
times.addEventListener('change', () => turn(times.value));
root.querySelectorAll('[data-stage-step]').forEach((button) =>
  button.addEventListener('click', () => turn(times.options[Math.min(times.options.length - 1, Math.max(0, times.selectedIndex + Number(/** @type {HTMLElement} */ (button).dataset.stageStep)))].value)),
);
document.addEventListener('htmx:after:swap', counts);
drags();
counts();
