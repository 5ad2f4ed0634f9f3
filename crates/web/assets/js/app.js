// @ts-check
// The frame of every page: menu, search, bell, and the parts that stand in files of their own.
import { ask, awake, calm, isTyping, note, page, plain, signedOut, sorry } from './base.js';
import * as card from './card.js';
import { listen } from './live.js';
import * as palette from './palette.js';
import * as popup from './popup.js';
import * as slider from './slider.js';

const $ = (/** @type {string} */ selector, /** @type {ParentNode} */ root = document) => /** @type {HTMLElement | null} */ (root.querySelector(selector));

function menu() {
  const folded = localStorage.getItem('vekha-folded') === '1';
  document.body.classList.toggle('folded', folded);
  const fold = $('[data-fold]');
  fold?.setAttribute('aria-expanded', String(!folded));
  fold?.addEventListener('click', () => {
    const now = document.body.classList.toggle('folded');
    localStorage.setItem('vekha-folded', now ? '1' : '0');
    fold.setAttribute('aria-expanded', String(!now));
  });
  const opener = $('[data-menu]');
  const show = (/** @type {boolean} */ open) => {
    document.body.classList.toggle('menu-open', open);
    opener?.setAttribute('aria-expanded', String(open));
  };
  opener?.addEventListener('click', (event) => {
    event.stopPropagation();
    show(!document.body.classList.contains('menu-open'));
  });
  document.addEventListener('click', (event) => {
    if (document.body.classList.contains('menu-open') && event.target instanceof Element && !event.target.closest('.side')) show(false);
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') show(false);
  });
}

function search() {
  const input = /** @type {HTMLInputElement | null} */ (document.getElementById('search'));
  const found = document.getElementById('search-found');
  if (!input || !found) return;
  let turn = 0;
  const close = () => {
    found.hidden = true;
  };
  const look = calm(async () => {
    const q = input.value.trim();
    const mine = ++turn;
    if (q.length < 2) return close();
    const html = await ask(`/search?q=${encodeURIComponent(q)}`).catch(() => '');
    if (mine !== turn || !html) return;
    found.innerHTML = html;
    found.hidden = false;
  }, 160);
  input.addEventListener('input', look);
  input.addEventListener('focus', () => input.value.trim().length > 1 && look());
  input.addEventListener('keydown', (event) => {
    const hits = [...found.querySelectorAll('.found')];
    const at = hits.findIndex((one) => one.classList.contains('on'));
    if (event.key === 'Escape') {
      close();
      input.blur();
    } else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && hits.length) {
      event.preventDefault();
      hits[at]?.classList.remove('on');
      const next = event.key === 'ArrowDown' ? (at + 1) % hits.length : (at - 1 + hits.length) % hits.length;
      hits[next].classList.add('on');
      hits[next].scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter' && at >= 0) {
      event.preventDefault();
      /** @type {HTMLElement} */ (hits[at]).click();
      close();
    }
  });
  document.addEventListener('click', (event) => {
    if (event.target instanceof Element && (!event.target.closest('.top-search') || event.target.closest('.found'))) close();
  });
}

function bell() {
  const button = $('[data-bell]');
  const body = $('[data-bell-body]');
  const counter = $('[data-unread]');
  const fill = async () => {
    if (!body) return;
    try {
      body.innerHTML = await ask('/notices/bell');
      awake(body);
    } catch (error) {
      sorry(error);
    }
  };
  button?.addEventListener('show.bs.dropdown', fill);
  const count = calm(async () => {
    const { unread } = await ask('/notices/count', { json: true }).catch(() => ({ unread: null }));
    if (unread === null || !counter) return;
    counter.hidden = unread === 0;
    counter.textContent = unread > 99 ? '99+' : String(unread);
    if (button?.classList.contains('show')) fill();
  }, 200);
  document.addEventListener('vekha:live', (event) => {
    const told = /** @type {CustomEvent} */ (event).detail;
    if (told.user === page.user && (told.fact === 'notified' || told.item.startsWith('503:'))) count();
  });
  document.addEventListener('vekha:resync', count);
  document.addEventListener('click', async (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const line = /** @type {HTMLElement | null | undefined} */ (target?.closest('[data-notice]'));
    if (!line || !(target?.closest('[data-read]') || target?.closest('a'))) return;
    try {
      if (line.classList.contains('unread')) await ask(`/notices/${line.dataset.notice}/read`, { post: {} });
      line.classList.remove('unread');
      line.querySelector('[data-read]')?.remove();
      count();
    } catch (error) {
      sorry(error);
    }
  });
}

/** Rows open their record; arrows and J/K go between them. */
function rows() {
  document.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const row = /** @type {HTMLElement | null | undefined} */ (target?.closest('tr[data-href]'));
    if (!row || target?.closest('a, button, input, select') || String(getSelection() ?? '')) return;
    slider.slide(row.dataset.href ?? '');
  });
  document.addEventListener('keydown', (event) => {
    if (isTyping(event.target) || slider.covered() || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open], .move-menu')) return;
    const links = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[data-list] a[data-row]')]);
    const lines = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[data-tasks] .task-line')]);
    const list = links.length ? links : lines;
    const down = event.code === 'KeyJ' || event.key === 'ArrowDown';
    const up = event.code === 'KeyK' || event.key === 'ArrowUp';
    const at = list.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (list.length && (down || up) && !document.querySelector('.dropdown-menu.show')) {
      event.preventDefault();
      list[Math.min(list.length - 1, Math.max(0, at + (down ? 1 : -1)))].focus();
    } else if (lines.length && at >= 0 && (event.code === 'KeyX' || event.key === ' ')) {
      event.preventDefault();
      const next = lines[at + 1] ?? lines[at - 1];
      card.taskAct(/** @type {HTMLElement} */ (lines[at].querySelector('[data-task-done]')));
      next?.focus();
    } else if (lines.length && at >= 0 && event.key === 'Enter' && event.target === lines[at]) {
      slider.slide(lines[at].dataset.href ?? '');
    } else if (event.code === 'KeyC' && document.querySelector('a[data-create]')) {
      /** @type {HTMLElement} */ (document.querySelector('a[data-create]')).click();
    } else if (event.key === '/' || event.code === 'Slash') {
      event.preventDefault();
      document.getElementById('search')?.focus();
    }
  });
}

/** Reads a page of tasks or a list anew when something on it changed. @param {string} selector */
async function renew(selector) {
  const box = $(selector);
  if (!box) return;
  const answer = await fetch(location.href, { credentials: 'same-origin' });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector(selector);
  if (!fresh || !box.isConnected || (isTyping(document.activeElement) && box.contains(document.activeElement))) return;
  const focus = document.activeElement?.closest('[data-key]')?.getAttribute('data-key');
  box.replaceChildren(...fresh.childNodes);
  awake(box);
  if (focus) $(`${selector} [data-key="${focus}"]`)?.focus();
}

function lists() {
  const tasks = calm(() => renew('[data-tasks]').catch(() => {}), 250);
  document.addEventListener('vekha:tasks', tasks);
  document.addEventListener('vekha:resync', tasks);
  document.addEventListener('vekha:closed', tasks);
  document.addEventListener('vekha:live', (event) => {
    const told = /** @type {CustomEvent} */ (event).detail;
    if (document.querySelector('[data-tasks]') && told.item.startsWith('501:')) tasks();
  });
  document.addEventListener('click', (event) => {
    if (event.target instanceof Element && event.target.closest('[data-drop-row]')) event.target.closest('[data-filter-row]')?.remove();
  });
  document.addEventListener('change', (event) => {
    const target = event.target;
    if (!(target instanceof HTMLSelectElement)) return;
    if (target.matches('[data-op]')) target.closest('[data-filter-row]')?.querySelector('[data-value]')?.toggleAttribute('hidden', target.value === 'empty' || target.value === 'filled');
    if (target.matches('[data-goto]')) location.assign(target.value);
    if (target.matches('[data-submit]')) target.form?.requestSubmit();
  });
}

menu();
search();
bell();
rows();
lists();
slider.start();
card.start();
popup.start();
palette.start();
listen();
document.querySelectorAll('[data-here]').forEach((input) => input.setAttribute('value', location.pathname + location.search));
document.addEventListener('submit', () => document.querySelectorAll('[data-here]').forEach((input) => input.setAttribute('value', location.pathname + location.search)), true);
document.addEventListener('htmx:response:error', (event) => {
  const answer = /** @type {any} */ (event).detail?.ctx;
  if (answer?.response?.status === 401) return signedOut();
  note(plain(answer?.text ?? '') || '…', { bad: true });
});
