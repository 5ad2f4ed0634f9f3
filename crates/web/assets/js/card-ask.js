// @ts-check
// Questions of forms: records and people found by typing, tables of rows, files, answers judged as they are typed, names called with @.
import { ask, calm, note, sorry, t } from './base.js';

const el = (/** @type {string} */ tag, /** @type {string} */ className, /** @type {string} */ text = '') => Object.assign(document.createElement(tag), { className, textContent: text });
const cross = () => {
  const button = el('button', '', '×');
  button.setAttribute('type', 'button');
  button.setAttribute('data-unpick', '');
  return button;
};

/** One chosen thing with a cross. @param {string} name @param {string | number} value @param {string} title */
function picked(name, value, title) {
  const one = el('span', 'picked-one');
  const hidden = Object.assign(document.createElement('input'), { type: 'hidden', name, value: String(value) });
  one.append(hidden, title, cross());
  return one;
}

/** Chooses records or people by typing. @param {HTMLElement} box */
function pick(box) {
  if (box.dataset.ready) return;
  box.dataset.ready = '1';
  const several = box.dataset.several;
  const chosen = box.querySelector('.picked');
  const hidden = /** @type {HTMLInputElement} */ (box.querySelector('input[type=hidden]'));
  const input = /** @type {HTMLInputElement} */ (box.querySelector('input[type=text]'));
  const list = /** @type {HTMLElement} */ (box.querySelector('.pick-list'));
  const close = () => {
    list.hidden = true;
  };
  const take = (/** @type {any} */ one) => {
    if (several && chosen) {
      const there = [...chosen.querySelectorAll('input')].some((known) => known.value === String(one.id));
      if (!there) chosen.append(picked(several, one.id, one.title));
      input.value = '';
    } else {
      hidden.value = one.id;
      input.value = one.title;
    }
    close();
    box.dispatchEvent(new CustomEvent('vekha:picked', { bubbles: true, detail: one }));
  };
  let turn = 0;
  const look = calm(async () => {
    const mine = ++turn;
    const found = await ask(`${box.dataset.pick}?q=${encodeURIComponent(input.value)}`, { json: true }).catch(() => []);
    if (mine !== turn || document.activeElement !== input) return;
    list.replaceChildren(
      ...found.map((/** @type {any} */ one) => {
        const button = el('button', '');
        button.setAttribute('type', 'button');
        button.tabIndex = -1;
        button.append(el('span', 'pick-title', one.title || `№ ${one.id}`), el('span', 'pick-hint', one.hint ?? ''));
        button.addEventListener('mousedown', (event) => {
          event.preventDefault();
          take(one);
        });
        return button;
      }),
    );
    list.hidden = found.length === 0;
  }, 150);
  input.addEventListener('input', () => {
    if (!several) hidden.value = '';
    look();
  });
  input.addEventListener('focus', look);
  input.addEventListener('blur', () => {
    close();
    if (several || !hidden.value) input.value = '';
  });
  input.addEventListener('keydown', (event) => choose(event, list));
  if (document.activeElement === input) look();
}

/** Arrows and Enter in a list of buttons. @param {KeyboardEvent} event @param {HTMLElement} list */
function choose(event, list) {
  const options = [...list.querySelectorAll('button')];
  const at = options.findIndex((one) => one.classList.contains('on'));
  if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && options.length) {
    event.preventDefault();
    options[at]?.classList.remove('on');
    const next = event.key === 'ArrowDown' ? at + 1 : at < 0 ? options.length - 1 : at - 1;
    options[(next + options.length) % options.length].classList.add('on');
  } else if (event.key === 'Enter' && !list.hidden && at >= 0) {
    event.preventDefault();
    event.stopPropagation();
    options[at].dispatchEvent(new MouseEvent('mousedown', { cancelable: true }));
  } else if (event.key === 'Escape' && !list.hidden) {
    event.preventDefault();
    event.stopPropagation();
    list.hidden = true;
  }
}

let rowNumber = 1000;
/** @param {HTMLElement} table */
function addRow(table) {
  const blank = /** @type {HTMLTemplateElement | null} */ (table.querySelector(':scope > template'));
  const body = table.querySelector('tbody');
  if (!blank || !body) return;
  const row = /** @type {HTMLElement} */ (/** @type {Element} */ (blank.content.firstElementChild).cloneNode(true));
  const number = String(++rowNumber);
  for (const one of row.querySelectorAll('[name], [id]')) {
    if (one.hasAttribute('name')) one.setAttribute('name', (one.getAttribute('name') ?? '').replace('._.', `.${number}.`));
    if (one.id) one.id = one.id.replace('._.', `.${number}.`);
  }
  for (const one of row.querySelectorAll('[data-several], [data-file-ask]')) {
    for (const name of ['data-several', 'data-file-ask']) if (one.hasAttribute(name)) one.setAttribute(name, (one.getAttribute(name) ?? '').replace('._.', `.${number}.`));
  }
  body.append(row);
  /** @type {HTMLElement | null} */ (row.querySelector('input:not([type=hidden]), select, textarea'))?.focus();
}

/** What is new on the page and has to be made ready. @param {ParentNode} root */
function ready(root) {
  for (const table of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll('[data-rows]'))) {
    const body = /** @type {HTMLElement | null} */ (table.querySelector('tbody'));
    if (!body || body.dataset.ready) continue;
    body.dataset.ready = '1';
    /** @type {any} */ (window).Sortable?.create(body, { handle: '.row-grip', animation: 120 });
    if (!body.children.length) addRow(table);
  }
}

/** Sends one file and tells how far it is. @param {string} url @param {File} file @param {(part: number) => void} [told] @returns {Promise<any>} */
export function sendFile(url, file, told) {
  return new Promise((resolve, reject) => {
    if (file.size > 100 * 1024 * 1024) return reject(new Error(t('too-large')));
    const request = new XMLHttpRequest();
    request.open('POST', `${url}?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader('X-Piece', '1');
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.upload.addEventListener('progress', (event) => event.lengthComputable && told?.(event.loaded / event.total));
    request.addEventListener('load', () => {
      /** @type {any} */ let body = null;
      try {
        body = JSON.parse(request.responseText);
      } catch {
        /* The answer below says what there is to say. */
      }
      if (request.status >= 200 && request.status < 300 && body) resolve(body);
      else reject(new Error(body?.error?.text || t('failed')));
    });
    request.addEventListener('error', () => reject(new Error(t('offline'))));
    request.send(file);
  });
}

/** A file for a field: on a card it hangs there at once, for a new record it waits. @param {HTMLInputElement} input */
async function bring(input) {
  const box = /** @type {HTMLElement} */ (input.closest('[data-file-ask]'));
  const list = /** @type {HTMLElement} */ (box.querySelector('.picked'));
  const form = input.closest('form');
  const owner = form?.matches('[data-field-form]') ? form.action.replace(/\/fields\/[^/]+$/, '/files') : '/files';
  const buttons = form ? [.../** @type {NodeListOf<HTMLButtonElement>} */ (form.querySelectorAll('button.btn-primary, button.btn-success'))] : [];
  buttons.forEach((one) => (one.disabled = true));
  for (const file of input.files ?? []) {
    const line = el('span', 'picked-one waiting', file.name);
    list.append(line);
    try {
      const done = await sendFile(owner, file, (part) => line.style.setProperty('--part', `${Math.round(part * 100)}%`));
      if (!box.hasAttribute('data-several')) list.querySelectorAll('.picked-one:not(.waiting)').forEach((one) => one.remove());
      line.replaceWith(picked(box.dataset.fileAsk ?? '', done.id, done.name));
    } catch (error) {
      line.remove();
      note(/** @type {Error} */ (error).message, { bad: true });
    }
  }
  input.value = '';
  buttons.forEach((one) => (one.disabled = false));
}

/** Judges an answer while its form is open. @param {HTMLInputElement | HTMLTextAreaElement} input */
async function check(input) {
  const at = /** @type {HTMLElement | null} */ (input.closest('[data-check-at]'))?.dataset.checkAt;
  if (!at) return;
  const text = input.value;
  const box = input.parentElement;
  const told = await ask(at, { post: { field: input.dataset.check, value: text } }).catch(() => null);
  if (!told || input.value !== text || !box) return;
  box.querySelectorAll(':scope > .field-error').forEach((one) => one.remove());
  input.classList.toggle('is-invalid', Boolean(told.wrong));
  if (told.wrong) {
    const line = el('div', 'field-error', told.wrong);
    line.setAttribute('role', 'alert');
    input.after(line);
  }
}

/** The list of names under a comment that calls somebody. @param {HTMLTextAreaElement} area */
function mention(area) {
  if (area.dataset.ready) return;
  area.dataset.ready = '1';
  const list = el('span', 'pick-list mention-list');
  list.hidden = true;
  area.after(list);
  const typed = () => /(?:^|[\s(])@([\p{L}\d.-]{0,30})$/u.exec(area.value.slice(0, area.selectionStart));
  const look = calm(async () => {
    const now = typed();
    if (!now) {
      list.hidden = true;
      return;
    }
    const found = await ask(`${area.dataset.mention}?q=${encodeURIComponent(now[1])}`, { json: true }).catch(() => []);
    if (!typed()) return;
    list.replaceChildren(
      ...found.map((/** @type {any} */ one, /** @type {number} */ at) => {
        const button = el('button', at === 0 ? 'on' : '');
        button.setAttribute('type', 'button');
        button.tabIndex = -1;
        button.append(el('span', 'pick-title', one.title), el('span', 'pick-hint', one.hint));
        button.addEventListener('mousedown', (event) => {
          event.preventDefault();
          const here = typed();
          if (!here) return;
          const start = area.selectionStart - here[1].length;
          area.setRangeText(`${one.title} `, start, area.selectionStart, 'end');
          list.hidden = true;
          area.focus();
        });
        return button;
      }),
    );
    list.hidden = found.length === 0;
  }, 100);
  area.addEventListener('input', look);
  area.addEventListener('blur', () => (list.hidden = true));
  area.addEventListener('keydown', (event) => {
    if (!list.hidden) choose(event, list);
  });
}

document.addEventListener('focusin', (event) => {
  if (!(event.target instanceof Element)) return;
  const box = /** @type {HTMLElement | null} */ (event.target.closest('[data-pick]'));
  if (box) pick(box);
  if (event.target instanceof HTMLTextAreaElement && event.target.dataset.mention) mention(event.target);
});
document.addEventListener('click', (event) => {
  const target = event.target instanceof Element ? event.target : null;
  target?.closest('[data-unpick]')?.closest('.picked-one')?.remove();
  const add = target?.closest('[data-row-add]');
  // The settings have rows of their own, with a script of their own.
  const table = /** @type {HTMLElement | null | undefined} */ (add?.closest('[data-rows]'));
  if (table) addRow(table);
  target?.closest('[data-row-drop]')?.closest('[data-row-ask]')?.remove();
});
document.addEventListener('change', (event) => {
  const input = event.target instanceof HTMLElement ? event.target : null;
  if (input instanceof HTMLInputElement && input.type === 'file' && input.closest('[data-file-ask]')) bring(input).catch(sorry);
  if (input?.dataset.check) check(/** @type {HTMLInputElement} */ (input)).catch(sorry);
});
document.addEventListener('vekha:asked', (event) => {
  const root = /** @type {CustomEvent} */ (event).detail;
  ready(root.parentElement ?? root);
});
document.addEventListener('vekha:card', (event) => ready(/** @type {CustomEvent} */ (event).detail));
ready(document);
