// @ts-check
// Ctrl+K: a few letters of a section, view, action or record, and Enter. "?" shows the keys.
import { ask, calm, isTyping, page, piece, t } from './base.js';
import { slide } from './slider.js';

/** @typedef {{title: string, hint: string, href: string, icon: string, group: string, card?: boolean}} Line */
const KEPT = 12;
const memory = `vekha-recent-${page.user}`;
/** @type {HTMLDialogElement | null} */ let box = null;
/** @type {Line[]} */ let known = [];
/** @type {Line[]} */ let records = [];
let turn = 0;

/** @returns {Line[]} */
const recent = () => JSON.parse(localStorage.getItem(memory) ?? '[]');

/** Cards that were looked at are one key away. */
function remember() {
  const card = document.querySelector('.slider:last-of-type [data-card]') ?? document.querySelector('main [data-card]');
  const title = card?.getAttribute('data-title');
  if (!title || !page.user) return;
  const line = { title, hint: '', href: location.pathname, icon: 'history', group: t('recent'), card: true };
  localStorage.setItem(memory, JSON.stringify([line, ...recent().filter((one) => one.href !== line.href)].slice(0, KEPT)));
}

/** @param {string} name */
function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `${page.assets}/vendor/icons/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** How well a line fits: every word must stand in it, at the beginning of a word is better. @param {Line} line @param {string[]} words */
function fits(line, words) {
  const text = `${line.title} ${line.hint}`.toLowerCase();
  let sum = 0;
  for (const word of words) {
    const at = text.indexOf(word);
    if (at < 0) return 0;
    sum += at === 0 ? 4 : /[\s:]/.test(text[at - 1]) ? 3 : 1;
  }
  return sum + 1 / text.length;
}

function draw() {
  const input = /** @type {HTMLInputElement} */ (box?.querySelector('input'));
  const list = /** @type {HTMLElement} */ (box?.querySelector('.palette-list'));
  const words = input.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  /** @type {Line[]} */ let lines;
  if (words.length) {
    const found = known.map((line) => ({ line, sum: fits(line, words) })).filter((one) => one.sum);
    found.sort((a, b) => b.sum - a.sum);
    lines = [...found.slice(0, 9).map((one) => one.line), ...records];
  } else {
    lines = [...recent().slice(0, 6), ...known.filter((line) => line.group === t('palette-go')).slice(0, 9), ...known.filter((line) => line.group === t('palette-make')).slice(0, 4)];
  }
  const groups = new Map();
  for (const line of lines) groups.set(line.group, [...(groups.get(line.group) ?? []), line]);
  list.replaceChildren();
  for (const [group, some] of groups) {
    const part = document.createElement('div');
    part.setAttribute('role', 'group');
    part.setAttribute('aria-label', group);
    const head = document.createElement('div');
    head.className = 'palette-head';
    head.setAttribute('role', 'presentation');
    head.textContent = group;
    part.append(head);
    list.append(part);
    for (const line of some) {
      const link = document.createElement('a');
      link.href = line.href;
      link.setAttribute('role', 'option');
      if (line.card) link.dataset.card = '1';
      const words = document.createElement('span');
      words.textContent = line.title;
      const hint = document.createElement('small');
      hint.textContent = line.hint;
      link.append(icon(line.icon), words, hint);
      part.append(link);
    }
  }
  list.querySelector('a')?.classList.add('on');
}

const look = calm(async () => {
  const q = /** @type {HTMLInputElement} */ (box?.querySelector('input')).value.trim();
  const mine = ++turn;
  const html = q.length > 1 ? await ask(`/search?q=${encodeURIComponent(q)}`).catch(() => '') : '';
  if (mine !== turn) return;
  records = [...piece(html).querySelectorAll('a.found')].slice(0, 8).map((hit) => ({
    title: hit.querySelector('span')?.textContent ?? '',
    hint: hit.querySelector('small')?.textContent ?? '',
    href: hit.getAttribute('href') ?? '',
    icon: 'file',
    group: t('records'),
    card: true,
  }));
  draw();
}, 160);

/** @param {HTMLAnchorElement | null | undefined} link */
function go(link) {
  if (!link) return;
  box?.close();
  const href = link.getAttribute('href') ?? '/';
  if (link.dataset.card) slide(href);
  else location.assign(href);
}

function build() {
  const dialog = document.createElement('dialog');
  dialog.className = 'box palette';
  dialog.setAttribute('aria-label', t('palette-title'));
  dialog.innerHTML = '<div class="palette-top"><input type="search" autocomplete="off" role="combobox" aria-expanded="true" aria-controls="palette-list"><kbd>Esc</kbd></div><div class="palette-list" id="palette-list" role="listbox"></div>';
  const input = /** @type {HTMLInputElement} */ (dialog.querySelector('input'));
  input.placeholder = t('palette-hint');
  input.setAttribute('aria-label', t('palette-hint'));
  dialog.querySelector('.palette-list')?.setAttribute('aria-label', t('palette-title'));
  dialog.querySelector('.palette-top')?.prepend(icon('search'));
  input.addEventListener('input', () => (draw(), look()));
  dialog.addEventListener('keydown', (event) => {
    // One press is enough: left to itself a search box would only empty itself first.
    if (event.key === 'Escape') {
      event.preventDefault();
      return dialog.close();
    }
    const links = [...dialog.querySelectorAll('a')];
    const at = links.findIndex((one) => one.classList.contains('on'));
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      links[at]?.classList.remove('on');
      const next = links[(at + (event.key === 'ArrowDown' ? 1 : links.length - 1)) % Math.max(1, links.length)];
      next?.classList.add('on');
      next?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter') {
      event.preventDefault();
      go(links[at]);
    }
  });
  dialog.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const link = /** @type {HTMLAnchorElement | null | undefined} */ (target?.closest('a'));
    if (target === dialog) dialog.close();
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    go(link);
  });
  document.body.append(dialog);
  return dialog;
}

async function open() {
  box ??= build();
  if (box.open) return box.close();
  const input = /** @type {HTMLInputElement} */ (box.querySelector('input'));
  input.value = '';
  records = [];
  draw();
  box.showModal();
  input.focus();
  if (known.length) return;
  const offer = await ask('/palette', { json: true }).catch(() => ({ go: [], make: [], views: [] }));
  const named = (/** @type {Line[]} */ list, /** @type {string} */ group) => list.map((line) => ({ ...line, group }));
  known = [...named(offer.go, t('palette-go')), ...named(offer.views, t('palette-views')), ...named(offer.make, t('palette-make'))];
  draw();
}

// ── keys ──
function help() {
  let sheet = /** @type {HTMLDialogElement | null} */ (document.getElementById('keys'));
  if (sheet?.open) return sheet.close();
  if (!sheet) {
    sheet = document.createElement('dialog');
    sheet.id = 'keys';
    sheet.className = 'box';
    sheet.setAttribute('aria-labelledby', 'keys-head');
    const list = document.createElement('dl');
    list.className = 'keys-list';
    const head = document.createElement('h2');
    head.id = 'keys-head';
    head.textContent = t('keys-title');
    list.append(head);
    /** @type {[string, string][]} */
    const keys = [['/', 'search'], ['Ctrl K', 'palette'], ['C', 'create'], ['J  K  ↓  ↑', 'move'], ['Enter', 'open'], ['E', 'edit'], ['M', 'stage'], ['X', 'choose'], ['Esc', 'close'], ['?', 'help']];
    for (const [key, what] of keys) {
      const name = document.createElement('dt');
      for (const one of key.split(/\s+/)) {
        const kbd = document.createElement('kbd');
        kbd.textContent = one;
        name.append(kbd, ' ');
      }
      const text = document.createElement('dd');
      text.textContent = t(`keys-${what}`);
      list.append(name, text);
    }
    sheet.append(list);
    sheet.addEventListener('click', (event) => event.target === sheet && /** @type {HTMLDialogElement} */ (sheet).close());
    document.body.append(sheet);
  }
  sheet.showModal();
}

export function start() {
  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.code === 'KeyK') {
      event.preventDefault();
      open();
    } else if (event.key === '?' && !isTyping(event.target) && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      help();
    }
  });
  document.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest('[data-palette]')) open();
    else if (target?.closest('[data-keys]')) help();
  });
  document.addEventListener('vekha:card', remember);
  // Names of clients do not stay behind on a machine that others use too.
  document.addEventListener('submit', (event) => {
    if (event.target instanceof HTMLFormElement && event.target.getAttribute('action') === '/logout') localStorage.removeItem(memory);
  });
  remember();
}
