// @ts-check
// What every script needs: texts, requests, short notes, keyed merging.

/** @param {string} id */
const json = (id) => JSON.parse(document.getElementById(id)?.textContent || '{}');
const texts = json('texts');
/** @type {{seq: number, user: number, lang: string, assets: string}} */
export const page = json('page');

/** A text of the page; `{name}` is filled. @param {string} key @param {Record<string, any>} [fill] */
export function t(key, fill = {}) {
  return String(texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => fill[name] ?? whole);
}

export class Refused extends Error {
  /** @param {string} text @param {number} status @param {Record<string, string>} fields @param {string} [code] the server's word for programs */
  constructor(text, status, fields, code = '') {
    super(text);
    this.status = status;
    this.fields = fields;
    this.code = code;
  }
}

/**
 * Asks the server. A refusal becomes an error with the server's own words.
 * @param {string} url @param {{post?: FormData | Record<string, any>, json?: boolean, headers?: (headers: Headers) => void}} [how]
 */
export async function ask(url, how = {}) {
  /** @type {RequestInit} */
  const init = { headers: { 'X-Piece': '1', Accept: how.json ? 'application/json' : 'text/html, application/json;q=0.9' }, credentials: 'same-origin' };
  if (how.json === undefined && how.post) /** @type {any} */ (init.headers).Accept = 'application/json';
  if (how.post) {
    init.method = 'POST';
    const pairs = how.post instanceof FormData ? [...how.post.entries()].map(([key, value]) => [key, String(value)]) : Object.entries(how.post).map(([key, value]) => [key, String(value)]);
    init.body = new URLSearchParams(pairs);
  }
  let answer;
  try {
    answer = await fetch(url, init);
  } catch {
    throw new Refused(t('offline'), 0, {});
  }
  if (answer.status === 401 && answer.headers.get('x-sign-in')) {
    signedOut();
    throw new Refused(t('sign-in'), 401, {});
  }
  how.headers?.(answer.headers);
  if (answer.ok || answer.status === 422) {
    const kind = answer.headers.get('content-type') ?? '';
    if (answer.status === 422 && kind.includes('json')) throw refusal(answer.status, await answer.json());
    if (answer.status === 204) return '';
    return kind.includes('json') ? answer.json() : answer.text();
  }
  const kind = answer.headers.get('content-type') ?? '';
  throw kind.includes('json') ? refusal(answer.status, await answer.json()) : new Refused(plain(await answer.text()) || t('failed'), answer.status, {});
}

/** @param {number} status @param {any} body */
function refusal(status, body) {
  return new Refused(body?.error?.text || t('failed'), status, body?.error?.fields ?? {}, body?.error?.code ?? '');
}

/** The words of a piece of HTML. @param {string} html */
export function plain(html) {
  return (new DOMParser().parseFromString(html, 'text/html').body.textContent ?? '').trim();
}

let gone = false;
export function signedOut() {
  if (gone) return;
  gone = true;
  note(t('sign-in'), { bad: true, stays: true, action: 'OK', act: () => location.reload() });
}

/** Elements of a piece of HTML. @param {string} html */
export function piece(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  return template.content;
}

/** Lets htmx know new elements. @param {Element} element */
export function awake(element) {
  /** @type {any} */ (window).htmx?.process(element);
}

/**
 * A short note at the bottom, read out by screen readers.
 * @param {string} text @param {{bad?: boolean, stays?: boolean, action?: string, act?: () => void}} [how]
 */
export function note(text, how = {}) {
  const box = document.getElementById('toasts');
  if (!box) return;
  const line = document.createElement('div');
  line.className = `note${how.bad ? ' bad' : ''}`;
  const words = document.createElement('span');
  words.textContent = text;
  line.append(words);
  if (how.action) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = how.action;
    button.addEventListener('click', () => {
      line.remove();
      how.act?.();
    });
    line.append(button);
  }
  // Only the last step can be taken back.
  if (how.action) box.querySelectorAll('.note.can').forEach((one) => one.remove());
  if (how.action && !how.stays) line.classList.add('can');
  box.append(line);
  while (box.children.length > 4) box.firstElementChild?.remove();
  if (!how.stays) setTimeout(() => line.remove(), how.bad || how.action ? 7000 : 3500);
}

/** Shows what went wrong. @param {unknown} error */
export function sorry(error) {
  if (error instanceof Refused && error.status === 401) return;
  note(error instanceof Refused ? error.message : t('failed'), { bad: true });
  if (!(error instanceof Refused)) console.error(error);
}

/** What the server sent for an element. @type {WeakMap<Element, string>} */
const sent = new WeakMap();

/** Remembers what the server sent, to see later what changed. @param {ParentNode} box */
export function remember(box) {
  for (const child of box.children) if (child instanceof HTMLElement && child.dataset.key && !sent.has(child)) sent.set(child, normal(child));
}

/** @param {Element} element */
function normal(element) {
  const copy = /** @type {HTMLElement} */ (element.cloneNode(true));
  for (const one of [copy, ...copy.querySelectorAll('*')]) {
    one.classList.remove('flash', 'came', 'target');
    for (const name of ['data-htmx-powered', 'tabindex', 'open', 'class']) if (name !== 'class' || one.getAttribute('class') === '') one.removeAttribute(name);
  }
  return copy.outerHTML;
}

/**
 * Brings the children of a box to what the server says now; what did not change stays untouched, what is new flashes.
 * @param {Element} box @param {ParentNode} fresh @param {{keeps?: (child: HTMLElement) => boolean, flash?: boolean}} [how]
 */
export function merge(box, fresh, how = {}) {
  remember(box);
  const known = new Map([...box.children].map((child) => [/** @type {HTMLElement} */ (child).dataset.key ?? '', /** @type {HTMLElement} */ (child)]));
  let place = box.firstElementChild;
  for (const child of [...fresh.children]) {
    if (!(child instanceof HTMLElement) || !child.dataset.key) continue;
    const old = known.get(child.dataset.key);
    known.delete(child.dataset.key);
    const html = normal(child);
    let stays = old;
    if (!old || (sent.get(old) !== html && !old.contains(document.activeElement))) {
      for (const details of old?.querySelectorAll('details[open]') ?? []) {
        child.querySelector(`details[data-key-open="${details.getAttribute('data-key-open')}"]`)?.setAttribute('open', '');
      }
      stays = child;
      sent.set(child, html);
      if (old === place) place = old?.nextElementSibling ?? null;
      old?.remove();
      if (how.flash !== false) flash(child);
      box.insertBefore(child, place);
      awake(child);
    } else if (stays !== place) {
      box.insertBefore(/** @type {HTMLElement} */ (stays), place);
    } else {
      place = place?.nextElementSibling ?? null;
    }
  }
  for (const [key, child] of known) if (key && !how.keeps?.(child)) child.remove();
}

/** @param {Element} element */
export function flash(element) {
  element.classList.remove('flash');
  void (/** @type {HTMLElement} */ (element).offsetWidth);
  element.classList.add('flash');
  setTimeout(() => element.classList.remove('flash'), 2500);
}

/** Whether somebody is typing. @param {EventTarget | null} target */
export function isTyping(target) {
  return target instanceof Element && target.closest('input, textarea, select, [contenteditable]') !== null;
}

/** Waits until calls cease. @param {() => void} work @param {number} wait */
export function calm(work, wait) {
  /** @type {any} */ let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, wait);
  };
}
