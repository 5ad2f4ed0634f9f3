// @ts-check
// The constructor: forms in a drawer at the right, rows that are added and dragged, lists put in order, what is in use shown.
import { ask, note, piece, plain, Refused, sorry, t, calm } from './base.js';

/** @type {any} */ const Sortable = /** @type {any} */ (window).Sortable;

/** @param {string} selector @param {ParentNode} [box] @returns {HTMLElement[]} */
const all = (selector, box = document) => [...box.querySelectorAll(selector)].map((one) => /** @type {HTMLElement} */ (one));

// ── the drawer ──

/** @param {string} url */
async function openDrawer(url) {
  const drawer = document.createElement('dialog');
  drawer.className = 'drawer';
  drawer.innerHTML = '<div class="drawer-wait skeleton"><i></i><i></i><i></i><i></i></div>';
  document.body.append(drawer);
  drawer.showModal();
  drawer.addEventListener('close', () => drawer.remove());
  drawer.addEventListener('cancel', (event) => {
    if (!maySafelyClose(drawer)) event.preventDefault();
  });
  // A click on the dimmed page closes it, as sliders do.
  drawer.addEventListener('mousedown', (event) => {
    if (event.target === drawer && event.clientX < drawer.getBoundingClientRect().left && maySafelyClose(drawer)) drawer.close();
  });
  try {
    drawer.replaceChildren(piece(await ask(url)));
    wake(drawer);
    /** @type {HTMLElement | null} */ (drawer.querySelector('input[name=kind]:checked, input[name=title_ru]'))?.focus();
  } catch (error) {
    drawer.close();
    sorry(error);
  }
}

/** @param {HTMLElement} drawer */
function maySafelyClose(drawer) {
  const form = drawer.querySelector('form[data-send]');
  return !(form instanceof HTMLFormElement) || began.get(form) === written(form) || window.confirm(t('ctor-unsaved'));
}

/** What stood in a form when it was opened. @type {WeakMap<HTMLFormElement, string>} */
const began = new WeakMap();

/** @param {HTMLFormElement} form @param {HTMLElement | null} [button] */
function written(form, button) {
  const data = new FormData(form);
  // A box that may not be changed any more is sent all the same.
  for (const box of all('input[data-locked]', form)) if (/** @type {HTMLInputElement} */ (box).checked && box.closest('[hidden]') === null) data.set(/** @type {HTMLInputElement} */ (box).name, '1');
  if (button instanceof HTMLButtonElement && button.name) data.set(button.name, button.value);
  return new URLSearchParams([...data.entries()].map(([key, value]) => [key, String(value)])).toString();
}

/** Asks with what a form held. @param {string} url @param {string} body */
function post(url, body) {
  const data = new FormData();
  for (const [key, value] of new URLSearchParams(body)) data.append(key, value);
  return ask(url, { post: data });
}

/** Draws the part of the page that follows from the settings anew. */
async function refresh() {
  const fresh = document.querySelector('[data-fresh]');
  if (!fresh) return location.reload();
  const text = await (await fetch(location.href, { credentials: 'same-origin' })).text();
  const page = new DOMParser().parseFromString(text, 'text/html');
  const next = page.querySelector('[data-fresh]');
  if (!next) return location.reload();
  const open = all('details[open]', fresh).map((one) => one.className);
  fresh.replaceChildren(...next.childNodes);
  for (const one of all('details', fresh)) if (open.includes(one.className) && one.className === 'set-common') one.setAttribute('open', '');
  for (const part of ['.side nav', '.page-head']) {
    const [old, now] = [document.querySelector(part), page.querySelector(part)];
    if (old && now) old.replaceChildren(...now.childNodes);
  }
  wake(fresh);
}

/** @param {SubmitEvent} event @param {HTMLFormElement} form */
async function send(event, form) {
  event.preventDefault();
  if (form.dataset.busy || (form.dataset.ask && !window.confirm(form.dataset.ask))) return;
  form.dataset.busy = '1';
  const body = written(form, event.submitter);
  const before = began.get(form);
  clear(form);
  try {
    const answer = await post(form.action, body);
    if (answer.go_on) await goOn(answer.go_on);
    const drawer = form.closest('dialog');
    began.set(form, written(form));
    if (answer.href) {
      location.assign(answer.href);
      return;
    }
    const again = event.submitter?.hasAttribute('data-again');
    drawer?.close();
    await refresh();
    const can = form.hasAttribute('data-undo') && before !== undefined && before !== body;
    note(t('ctor-saved'), can ? { action: t('ctor-undo'), act: () => undo(form.action, /** @type {string} */ (before)) } : {});
    if (again) await openDrawer(form.getAttribute('action') ?? '');
    else if (answer.code) document.getElementById(answer.code)?.querySelector('button')?.focus();
  } catch (error) {
    complain(form, error);
  } finally {
    delete form.dataset.busy;
  }
}

/** Turns answers piece by piece until all are done. @param {string} url */
async function goOn(url) {
  for (;;) {
    const answer = await ask(url, { post: {} });
    if (!answer.more) return;
    note(t('kind-turning', { n: answer.done }));
  }
}

/** Shows what a change of kind would do. @param {HTMLElement} button */
async function look(button) {
  const form = /** @type {HTMLFormElement} */ (button.closest('form'));
  const place = form.querySelector('[data-look-result]');
  clear(form);
  try {
    const found = await post(button.dataset.look ?? '', written(form));
    const words = document.createElement('p');
    words.textContent = t('kind-result', { ...found, filled: `${found.filled}${found.more ? '+' : ''}` });
    const list = document.createElement('ul');
    for (const one of found.examples) {
      const line = document.createElement('li');
      line.textContent = `№ ${one.id}: «${one.answer}» — ${one.why}`;
      list.append(line);
    }
    place?.replaceChildren(words, list);
    const go = form.querySelector('[data-go]');
    if (go instanceof HTMLElement) go.hidden = false;
    place?.scrollIntoView({ block: 'nearest' });
  } catch (error) {
    complain(form, error);
  }
}

/** @param {string} url @param {string} body */
async function undo(url, body) {
  try {
    await post(url, body);
    await refresh();
    note(t('ctor-undone'));
  } catch (error) {
    sorry(error);
  }
}

/** @param {HTMLFormElement} form */
function clear(form) {
  const line = form.querySelector('[data-error]');
  if (line instanceof HTMLElement) line.hidden = true;
  for (const one of all('.is-invalid', form)) one.classList.remove('is-invalid');
}

/** The server's words stand on top, the control they mean is marked. @param {HTMLFormElement} form @param {unknown} error */
function complain(form, error) {
  if (!(error instanceof Refused)) return sorry(error);
  const line = form.querySelector('[data-error]');
  if (!(line instanceof HTMLElement)) return sorry(error);
  line.textContent = plain(error.message);
  line.hidden = false;
  const names = Object.keys(error.fields).flatMap((name) => [name, `${name}_ru`, `${name}.ru`]);
  const control = names.map((name) => form.elements.namedItem(name)).find((one) => one instanceof HTMLElement && one.offsetParent !== null);
  if (control instanceof HTMLElement) {
    control.closest('details')?.setAttribute('open', '');
    control.classList.add('is-invalid');
    control.focus();
  }
  line.scrollIntoView({ block: 'nearest' });
}

// ── taking away ──

/** @param {HTMLElement} button @param {string} [more] */
async function remove(button, more = '') {
  if (!more && !window.confirm(button.dataset.question ?? '')) return;
  try {
    const answer = await post(button.dataset.remove ?? '', more);
    if (answer.uses) return showUses(answer.uses);
    const form = button.closest('form');
    if (form) began.set(form, written(form));
    button.closest('dialog')?.close();
    if (answer.href && new URL(answer.href, location.href).pathname !== location.pathname) return location.assign(answer.href);
    await refresh();
  } catch (error) {
    if (error instanceof Refused && error.code === 'has_answers') {
      if (window.confirm(t('ctor-answers', { text: error.message }))) await remove(button, 'with_answers=1');
      return;
    }
    sorry(error);
  }
}

/** @param {{text: string, href: string}[]} uses */
function showUses(uses) {
  const box = document.createElement('dialog');
  box.className = 'uses';
  const head = document.createElement('h2');
  head.textContent = t('ctor-used');
  const list = document.createElement('ul');
  list.className = 'uses-list';
  for (const one of uses) {
    const line = document.createElement('li');
    const link = one.href ? document.createElement('a') : document.createElement('span');
    if (link instanceof HTMLAnchorElement) link.href = one.href;
    link.textContent = one.text;
    line.append(link);
    list.append(line);
  }
  const close = document.createElement('button');
  close.type = 'button';
  close.className = 'btn';
  close.textContent = t('ctor-close');
  close.addEventListener('click', () => box.close());
  box.addEventListener('close', () => box.remove());
  box.append(head, list, close);
  document.body.append(box);
  box.showModal();
}

// ── rows ──

/** @param {HTMLElement} button */
function addRow(button) {
  const scope = button.closest('fieldset, form') ?? document;
  const rows = scope.querySelector('[data-rows]');
  const template = rows?.querySelector('template');
  if (!rows || !template) return;
  rows.append(template.content.cloneNode(true));
  const row = /** @type {HTMLElement} */ (rows.lastElementChild);
  wake(row);
  if (row.matches('.when-row')) fillWhen(row);
  (row.querySelector('input:not([type=hidden]):not([type=color]), select'))?.dispatchEvent(new Event('focus'));
  /** @type {HTMLElement | null} */ (row.querySelector('input:not([type=hidden]):not([type=color]), select'))?.focus();
}

/** @param {HTMLElement} row */
function dropRow(row) {
  // Types of a section that goes away stand by themselves again.
  const free = document.querySelector('[data-free]');
  if (row.matches('.menu-section') && free) for (const type of all('[data-types] li', row)) free.append(type);
  row.remove();
  settleMenu();
}

/** One comparison of a condition: fields, comparisons and a control that fits the field. @param {HTMLElement} row */
function fillWhen(row) {
  const source = row.closest('[data-when]')?.querySelector('[data-comparable]')?.textContent;
  if (!source) return;
  /** @type {{fields: {code: string, title: string, options: [string, string][] | null, input: string}[], ops: [string, string][]}} */
  const known = JSON.parse(source);
  const [field, op] = all('select', row).map((one) => /** @type {HTMLSelectElement} */ (one));
  const choose = (/** @type {HTMLSelectElement} */ box, /** @type {[string, string][]} */ list, /** @type {string | undefined} */ chosen) =>
    box.replaceChildren(...list.map(([code, title]) => new Option(title, code, false, code === chosen)));
  choose(field, known.fields.map((one) => [one.code, one.title]), row.dataset.field);
  choose(op, known.ops, row.dataset.op);
  const draw = () => {
    const of = known.fields.find((one) => one.code === field.value);
    const place = /** @type {HTMLElement} */ (row.querySelector('[data-value]'));
    const control = of?.options ? document.createElement('select') : document.createElement('input');
    control.className = of?.options ? 'form-select' : 'form-control';
    control.name = 'when.value';
    control.setAttribute('aria-label', of?.title ?? '');
    if (control instanceof HTMLSelectElement) choose(control, of?.options ?? [], row.dataset.given);
    else {
      control.type = of?.input ?? 'text';
      if (control.type === 'number') control.step = 'any';
      control.value = row.dataset.given ?? '';
    }
    // An empty answer keeps its place among the rows.
    if (['empty', 'filled'].includes(op.value)) control.hidden = true;
    place.replaceChildren(control);
  };
  field.addEventListener('change', () => {
    delete row.dataset.given;
    draw();
  });
  op.addEventListener('change', draw);
  draw();
}

/** Only a column with choices asks for them. @param {HTMLElement} row */
function fitColumn(row) {
  const choices = row.querySelector('[data-choices]');
  const kind = /** @type {HTMLSelectElement | null} */ (row.querySelector('select'))?.value;
  // Hidden, not disabled: answers of rows are told apart by their order.
  if (choices instanceof HTMLElement) choices.hidden = kind !== 'choice';
}

/** Questions of other kinds of fields are hidden and not sent. @param {HTMLFormElement} form */
function fitKind(form) {
  const kind = new FormData(form).get('kind') ?? '';
  for (const part of all('[data-for], [data-not]', form)) {
    const shown = part.dataset.for ? part.dataset.for.split(' ').includes(String(kind)) : !(part.dataset.not ?? '').split(' ').includes(String(kind));
    part.hidden = !shown;
    for (const control of all('input, select, textarea', part)) /** @type {HTMLInputElement} */ (control).disabled = !shown || control.hasAttribute('data-locked');
  }
  if (kind === 'choice' || kind === 'record') {
    const rows = form.querySelector(`[data-for="${kind}"] [data-rows]`);
    const add = form.querySelector(`[data-for="${kind}"] [data-row-add]`);
    if (rows && rows.querySelectorAll('.set-row').length === 0 && add instanceof HTMLElement) {
      const at = document.activeElement;
      addRow(add);
      if (at instanceof HTMLElement) at.focus();
    }
  }
}

// ── order ──

/** @param {HTMLElement} list */
async function saveOrder(list) {
  const data = new FormData();
  const way = list.closest('[data-way]');
  let url = list.dataset.sort ?? '';
  if (way instanceof HTMLElement) {
    url = way.dataset.way ?? '';
    for (const group of all('[data-outcome]', way)) {
      for (const stage of group.children) {
        data.append('stage', /** @type {HTMLElement} */ (stage).dataset.id ?? '');
        data.append('outcome', group.dataset.outcome ?? '');
      }
    }
  } else {
    for (const line of list.children) data.append(list.dataset.sortName ?? '', /** @type {HTMLElement} */ (line).dataset.id ?? '');
  }
  try {
    await ask(url, { post: data });
  } catch (error) {
    sorry(error);
    await refresh();
    return;
  }
  if (way) await refresh();
  note(t('ctor-saved'));
}

function settleMenu() {
  for (const type of all('[data-types] input')) /** @type {HTMLInputElement} */ (type).disabled = type.closest('[data-free]') !== null;
}

/** Moves a line with the keyboard. @param {KeyboardEvent} event */
function moveByKey(event) {
  const step = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 }[event.key];
  if (!event.altKey || !step || !(event.target instanceof HTMLElement)) return;
  const line = /** @type {HTMLElement | null} */ (event.target.closest('[data-sort] > li, [data-outcome] > li, [data-sortable] > .set-row, [data-types] > li'));
  const list = line?.parentElement;
  if (!line || !list) return;
  event.preventDefault();
  const next = step < 0 ? line.previousElementSibling : line.nextElementSibling;
  if (next && !(next instanceof HTMLTemplateElement)) {
    if (step < 0) next.before(line);
    else next.after(line);
  } else if (line.matches('[data-types] > li')) {
    const lists = all('[data-types]');
    lists[lists.indexOf(list) + step]?.append(line);
    settleMenu();
  }
  event.target.focus();
  if (list.matches('[data-sort], [data-outcome]')) keyed(list);
}
/** @type {WeakMap<HTMLElement, () => void>} */ const waiting = new WeakMap();
/** @param {HTMLElement} list */
function keyed(list) {
  if (!waiting.has(list)) waiting.set(list, calm(() => saveOrder(list), 900));
  waiting.get(list)?.();
}

// ── waking up what came from the server ──

/** @param {ParentNode & Node} box */
function wake(box) {
  const sort = (/** @type {HTMLElement} */ list, /** @type {object} */ how) => Sortable?.create(list, { animation: 120, ghostClass: 'set-ghost', ...how });
  for (const list of all('[data-sort]', box)) sort(list, { handle: '.grip', onEnd: (/** @type {any} */ event) => event.oldIndex !== event.newIndex && saveOrder(list) });
  for (const list of all('[data-outcome]', box)) sort(list, { group: `way-${list.closest('.way')?.id}`, onEnd: (/** @type {any} */ event) => (event.from !== event.to || event.oldIndex !== event.newIndex) && saveOrder(event.to) });
  for (const list of all('[data-sortable]', box)) sort(list, { handle: '.grip', draggable: '.set-row' });
  for (const list of all('[data-menu-sections]', box)) sort(list, { handle: 'header .grip', draggable: '.menu-section' });
  const types = [...all('[data-types]', box), ...(box instanceof HTMLElement && box.matches('[data-types]') ? [box] : [])];
  for (const list of types) sort(list, { group: 'types', onEnd: settleMenu });
  for (const row of all('.when-row', box)) fillWhen(row);
  for (const row of [...all('.column-row', box), ...(box instanceof HTMLElement && box.matches('.column-row') ? [box] : [])]) fitColumn(row);
  for (const form of all('form[data-kinds]', box)) fitKind(/** @type {HTMLFormElement} */ (form));
  for (const lock of all('input[data-locked]', box)) /** @type {HTMLInputElement} */ (lock).disabled = true;
  for (const palette of all('[data-palette]', box)) mark(palette);
  for (const form of all('form[data-send]', box)) began.set(/** @type {HTMLFormElement} */ (form), written(/** @type {HTMLFormElement} */ (form)));
}

/** @param {HTMLElement} palette */
function mark(palette) {
  const chosen = /** @type {HTMLInputElement | null} */ (palette.querySelector('input[type=color]'))?.value.toLowerCase();
  for (const button of all('[data-color]', palette)) button.classList.toggle('on', button.dataset.color?.toLowerCase() === chosen);
}

document.addEventListener('click', (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const hit = (/** @type {string} */ selector) => /** @type {HTMLElement | null} */ (target?.closest(selector) ?? null);
  const opener = hit('[data-open]');
  if (opener) return void openDrawer(opener.dataset.open ?? '');
  const closer = hit('[data-close]');
  if (closer) {
    const drawer = closer.closest('dialog');
    if (drawer && maySafelyClose(drawer)) drawer.close();
    return undefined;
  }
  const looker = hit('[data-look]');
  if (looker) return void look(looker);
  const swap = hit('[data-swap]');
  if (swap) {
    const drawer = swap.closest('dialog');
    if (drawer && !maySafelyClose(drawer)) return undefined;
    drawer?.close();
    return void openDrawer(swap.dataset.swap ?? '');
  }
  const remover = hit('[data-remove]');
  if (remover) return void remove(remover);
  const adder = hit('[data-row-add]');
  if (adder) return void addRow(adder);
  const dropper = hit('[data-row-remove]');
  if (dropper) return void dropRow(/** @type {HTMLElement} */ (dropper.closest('.set-row, .match-rule, .menu-section')));
  const star = hit('[data-star]');
  if (star) {
    const row = star.closest('.set-row');
    const on = !star.classList.contains('on');
    const several = /** @type {HTMLInputElement | null} */ (star.closest('form')?.querySelector('input[name=multiple]'))?.checked;
    if (!several) for (const other of all('[data-star]', star.closest('[data-rows]') ?? document)) setStar(other, false);
    if (row) setStar(star, on);
  }
  const color = hit('[data-color]');
  const input = /** @type {HTMLInputElement | null | undefined} */ (color?.closest('[data-palette]')?.querySelector('input[type=color]'));
  if (color && input) {
    input.value = (color.dataset.color ?? '').toLowerCase();
    mark(/** @type {HTMLElement} */ (color.closest('[data-palette]')));
  }
  return undefined;
});

/** @param {HTMLElement} star @param {boolean} on */
function setStar(star, on) {
  star.classList.toggle('on', on);
  star.setAttribute('aria-pressed', String(on));
  const kept = star.closest('.set-row')?.querySelector('input[name="option.on"]');
  if (kept instanceof HTMLInputElement) kept.value = on ? '1' : '';
}

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form instanceof HTMLFormElement && form.hasAttribute('data-send')) send(event, form);
});

document.addEventListener('change', (event) => {
  const target = event.target;
  if (target instanceof HTMLSelectElement && target.name === 'column.kind') fitColumn(/** @type {HTMLElement} */ (target.closest('.column-row')));
  const turning = target instanceof Element ? target.closest('form')?.querySelector('[data-go]') : null;
  if (turning instanceof HTMLElement) turning.hidden = true;
  if (!(target instanceof HTMLInputElement)) return;
  if (target.name === 'kind' && target.form) fitKind(target.form);
  const palette = target.closest('[data-palette]');
  if (palette instanceof HTMLElement) mark(palette);
});

document.addEventListener('input', (event) => {
  const target = event.target;
  if (!(target instanceof HTMLInputElement)) return;
  // The colour of a choice is sent only once somebody has chosen one.
  if (target.hasAttribute('data-mirror')) {
    const kept = target.parentElement?.querySelector('input[type=hidden]');
    if (kept instanceof HTMLInputElement) kept.value = target.value;
    target.parentElement?.classList.remove('none');
  }
  if (target.dataset.sift) sift(target);
  if (target.hasAttribute('data-find')) find();
});

/** @param {HTMLInputElement} box */
function sift(box) {
  const words = box.value.trim().toLowerCase();
  const scope = box.closest('fieldset') ?? document;
  for (const line of all(box.dataset.sift ?? '', scope)) line.hidden = !(line.textContent ?? '').toLowerCase().includes(words);
  if (words && scope === document) document.querySelector('.set-common')?.setAttribute('open', '');
}

const find = calm(async () => {
  const box = /** @type {HTMLInputElement | null} */ (document.querySelector('[data-find]'));
  const place = document.getElementById('settings-found');
  const cards = document.querySelector('[data-cards]');
  if (!box || !place || !(cards instanceof HTMLElement)) return;
  const words = box.value.trim();
  cards.hidden = words !== '';
  place.hidden = words === '';
  if (words === '') return;
  try {
    place.replaceChildren(piece(await ask(`/settings/find?q=${encodeURIComponent(words)}`)));
  } catch (error) {
    sorry(error);
  }
}, 150);

document.addEventListener('keydown', moveByKey);
window.addEventListener('beforeunload', (event) => {
  const open = document.querySelector('dialog.drawer form[data-send]');
  if (open instanceof HTMLFormElement && began.get(open) !== undefined && began.get(open) !== written(open)) event.preventDefault();
});

wake(document);
// A field that a link names may stand among the common ones, which are folded.
const named = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
if (named) {
  named.closest('details')?.setAttribute('open', '');
  named.scrollIntoView({ block: 'center' });
}
