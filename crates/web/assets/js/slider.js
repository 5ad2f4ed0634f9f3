// @ts-check
// Cards slide over the page from the right and stack; the address changes with the top one; Esc closes it.
import { ask, awake, piece, sorry, t } from './base.js';

/** @typedef {{url: string, box: HTMLElement, back: HTMLElement, opener: Element | null}} Panel */
/** @type {Panel[]} */ const panels = [];
const base = location.pathname + location.search;
const baseTitle = document.title;

/** @param {string} url */
export function slide(url) {
  if (panels.at(-1)?.url === url) return;
  history.pushState({ stack: [...panels.map((panel) => panel.url), url] }, '', url);
  open(url, document.activeElement);
}

/** Closes the top card; asks once when something was typed. */
export function closeTop(sure = false) {
  const top = panels.at(-1);
  if (!top) return;
  const typed = [...top.box.querySelectorAll('.composer textarea, .editing textarea, .editing input, .new-form textarea, .new-form input:not([type=hidden], [type=checkbox], [type=file])')].some((field) => {
    const input = /** @type {HTMLInputElement} */ (field);
    return input.value.trim() !== input.defaultValue.trim() && input.offsetParent !== null;
  });
  if (!sure && typed && !confirm(t('unsaved'))) return;
  const rest = panels.slice(0, -1).map((panel) => panel.url);
  history.pushState({ stack: rest }, '', rest.at(-1) ?? base);
  drop();
}

function drop() {
  const panel = panels.pop();
  if (!panel) return;
  panel.box.remove();
  panel.back.remove();
  hold();
  document.title = panels.at(-1)?.box.querySelector('[data-card], [data-title]')?.getAttribute('data-title') ?? baseTitle;
  if (panel.opener instanceof HTMLElement && panel.opener.isConnected) panel.opener.focus();
  document.dispatchEvent(new CustomEvent('vekha:closed', { detail: panel.url }));
}

/** Only the top card can be reached by keyboard. */
function hold() {
  document.getElementById('shell')?.toggleAttribute('inert', panels.length > 0);
  panels.forEach((panel, at) => panel.box.toggleAttribute('inert', at < panels.length - 1));
}

/** @param {string} url @param {Element | null} opener */
async function open(url, opener) {
  const back = document.createElement('div');
  back.className = 'slider-back';
  back.addEventListener('click', () => closeTop());
  const box = document.createElement('div');
  box.className = 'slider';
  box.style.setProperty('--deep', `${Math.min(panels.length, 4) * 28}px`);
  box.setAttribute('role', 'dialog');
  box.setAttribute('aria-modal', 'true');
  box.innerHTML = `<button class="slider-close" type="button" aria-label="${t('close')}"><svg class="icon" aria-hidden="true" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"><path d="M18 6L6 18M6 6l12 12"/></svg></button>
    <div class="slider-body" tabindex="-1"><div class="skeleton"><i></i><i></i><div class="cols"><i></i><i></i></div></div></div>`;
  box.querySelector('.slider-close')?.addEventListener('click', () => closeTop());
  const panel = { url, box, back, opener };
  panels.push(panel);
  document.getElementById('sliders')?.append(back, box);
  hold();
  const body = /** @type {HTMLElement} */ (box.querySelector('.slider-body'));
  body.focus();
  try {
    const html = await ask(url);
    if (!panels.includes(panel)) return;
    body.replaceChildren(piece(html));
    const title = body.querySelector('[data-card], [data-title]')?.getAttribute('data-title') ?? '';
    box.setAttribute('aria-label', title);
    if (title) document.title = title;
    awake(body);
    document.dispatchEvent(new CustomEvent('vekha:card', { detail: body }));
  } catch (error) {
    sorry(error);
    if (panels.at(-1) === panel) closeTop(true);
  }
}

addEventListener('popstate', (event) => {
  /** @type {string[]} */ const wanted = event.state?.stack ?? [];
  if (!event.state && location.pathname + location.search !== base) return location.reload();
  while (panels.length > wanted.length || (panels.length && panels.at(-1)?.url !== wanted[panels.length - 1])) drop();
  wanted.slice(panels.length).forEach((url) => open(url, document.activeElement));
});

export function start() {
  history.replaceState({ stack: [] }, '');
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a[data-slide]') : null;
    if (!link) return;
    event.preventDefault();
    const url = new URL(/** @type {HTMLAnchorElement} */ (link).href);
    slide(url.pathname + url.search);
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.defaultPrevented || panels.length === 0) return;
    if (document.querySelector('.move-menu, .popup .dropdown-menu.show')) return;
    if (event.target instanceof Element && event.target.closest('.editing, .card-title form, .dropdown-menu.show')) return;
    event.preventDefault();
    closeTop();
  });
}

/** Whether a card lies over the page. */
export function covered() {
  return panels.length > 0;
}
