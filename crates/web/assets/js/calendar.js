// @ts-check
// The calendar: entries are dragged to another day, by mouse or with Alt and arrows; what others do slides in.
import { ask, awake, calm, note, sorry, t } from './base.js';

const root = /** @type {HTMLElement} */ (document.querySelector('[data-calendar]'));
const days = /** @type {HTMLElement} */ (root.querySelector('[data-days]'));
const { slug, kind, source } = root.dataset;

/** @param {HTMLElement} entry @param {string} day */
async function move(entry, day) {
  const from = entry.dataset.day ?? '';
  try {
    await ask(`/${slug}/calendar/move`, { post: { id: entry.dataset.id, source, day } });
    entry.dataset.day = day;
    note(t('planned'), from && from !== day ? { action: t('undo'), act: () => move(entry, from).then(renew) } : {});
  } catch (error) {
    sorry(error);
  }
  await renew(entry.dataset.id);
}

function drags() {
  for (const list of days.querySelectorAll('[data-items]')) {
    const day = /** @type {HTMLElement} */ (list.closest('.cal-day')).dataset.day;
    list.querySelectorAll('.cal-item').forEach((one) => (/** @type {HTMLElement} */ (one).dataset.day = day));
    /** @type {any} */ (window).Sortable.create(list, {
      group: 'calendar',
      draggable: '.cal-item:not(.locked)',
      sort: false,
      animation: 120,
      delay: 180,
      delayOnTouchOnly: true,
      ghostClass: 'tile-ghost',
      onMove: (/** @type {any} */ event) => {
        document.querySelectorAll('.over').forEach((one) => one.classList.remove('over'));
        event.to.closest('.cal-day')?.classList.add('over');
      },
      onEnd: () => document.querySelectorAll('.over').forEach((one) => one.classList.remove('over')),
      onAdd: (/** @type {any} */ event) => move(event.item, event.to.closest('.cal-day').dataset.day),
    });
  }
}

/** Reads the days anew. @param {unknown} [focus] */
async function renew(focus) {
  const answer = await fetch(location.href, { credentials: 'same-origin' }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('[data-days]');
  if (!fresh) return;
  days.replaceChildren(...fresh.childNodes);
  awake(days);
  drags();
  if (typeof focus === 'string') /** @type {HTMLElement | null} */ (days.querySelector(`.cal-item[data-id="${focus}"]`))?.focus();
}

days.addEventListener('keydown', (event) => {
  const entry = /** @type {HTMLElement | null} */ (event.target instanceof Element ? event.target.closest('.cal-item:not(.locked)') : null);
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
  if (!entry || !by || !event.altKey) return;
  event.preventDefault();
  const day = new Date(`${entry.dataset.day}T12:00:00Z`);
  day.setUTCDate(day.getUTCDate() + by);
  move(entry, day.toISOString().slice(0, 10));
});
const soon = calm(() => renew(), 400);
document.addEventListener('vekha:live', (event) => {
  const told = /** @type {CustomEvent} */ (event).detail;
  if (told.about.split(':')[0] === kind || told.item.startsWith('501:')) soon();
});
document.addEventListener('vekha:resync', soon);
drags();
