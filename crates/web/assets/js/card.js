// @ts-check
// What can be done on a card, wherever it stands: in a panel or as a page.
import { Refused, ask, awake, calm, flash, isTyping, merge, note, piece, remember, sorry, t } from './base.js';
import { askRequired } from './box.js';
import './card-ask.js';
import './card-files.js';
import './card-layout.js';
import './card-story.js';
import './card-new.js';
import { closeTop } from './slider.js';

/** @param {Element} element */
export const cardOf = (element) => /** @type {HTMLElement | null} */ (element.closest('[data-card]'));

/** @param {HTMLElement} card */
export const urlOf = (card) => `/${card.dataset.slug}/${card.dataset.id}`;

/** Reads the card anew; what is being edited stays. @param {HTMLElement} card */
export async function refresh(card) {
  const html = await ask(urlOf(card));
  const fresh = piece(html).querySelector('[data-card]');
  if (!fresh || !card.isConnected) return;
  const title = fresh.getAttribute('data-title') ?? '';
  card.dataset.title = title;
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (card.querySelectorAll('[data-part]'))) {
    const next = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
    if (!next) continue;
    // A filtered story is read by its own filter.
    if (part.dataset.part === 'story' && /** @type {HTMLSelectElement | null} */ (card.querySelector('[data-story-filter]'))?.value) {
      document.dispatchEvent(new CustomEvent('vekha:story', { detail: card }));
      continue;
    }
    if (part.dataset.part === 'tabs') {
      counts(part, next);
      continue;
    }
    if (part.dataset.part === 'story' || part.dataset.part === 'planned') {
      const oldest = Math.min(...[...next.querySelectorAll('[data-key^="e"]')].map((one) => Number(one.getAttribute('data-key')?.slice(1))));
      const seq = (/** @type {HTMLElement} */ child) => Number(/(\d+)$/.exec(child.dataset.key ?? '')?.[1] ?? 0);
      merge(part, next, { keeps: (child) => part.dataset.part === 'story' && seq(child) < oldest && part.querySelectorAll('[data-key^="e"]').length > 60 });
      continue;
    }
    if (part.querySelector('.editing, .arranging, .dropdown-menu.show, .card-title form') || part.contains(document.activeElement) && isTyping(document.activeElement)) continue;
    const all = [...part.querySelectorAll('.show-all')].map((one) => one.getAttribute('data-section'));
    const open = new Map([...part.querySelectorAll('details[data-key-open]')].map((one) => [one.getAttribute('data-key-open'), one.hasAttribute('open')]));
    if (part.dataset.html === next.innerHTML) continue;
    if (part.dataset.html === undefined && part.innerHTML === next.innerHTML) continue;
    part.dataset.html = next.innerHTML;
    part.setAttribute('style', next.getAttribute('style') ?? '');
    part.replaceChildren(...next.childNodes);
    all.forEach((section) => part.querySelector(`[data-section="${section}"]`)?.classList.add('show-all'));
    open.forEach((state, key) => part.querySelector(`details[data-key-open="${key}"]`)?.toggleAttribute('open', state));
    awake(part);
  }
  const tab = card.querySelector('[data-tab].active[data-src]');
  if (tab) loadTab(card, /** @type {HTMLElement} */ (tab));
}

/** Counts of the tabs; the chosen one stays chosen. @param {HTMLElement} part @param {Element} next */
function counts(part, next) {
  const chosen = part.querySelector('[data-tab].active')?.getAttribute('data-tab');
  if (part.querySelector('.dropdown-menu.show')) return;
  part.replaceChildren(...next.cloneNode(true).childNodes);
  part.querySelectorAll('[data-tab]').forEach((one) => mark(one, one.getAttribute('data-tab') === chosen));
}

/** @param {Element} tab @param {boolean} on */
function mark(tab, on) {
  tab.classList.toggle('active', on);
  if (tab.matches('[role=tab]')) tab.setAttribute('aria-selected', String(on));
}

/** @type {Map<HTMLElement, () => void>} */ const calls = new Map();

/** @param {HTMLElement} card */
function refreshSoon(card) {
  if (!calls.has(card)) calls.set(card, calm(() => refresh(card).catch(sorry), 120));
  calls.get(card)?.();
}

/** Everything besides the first tab shares one body. @param {HTMLElement} card @param {HTMLElement} tab */
export async function loadTab(card, tab) {
  const body = /** @type {HTMLElement} */ (card.querySelector('[data-body="more"]'));
  const src = tab.dataset.src ?? '';
  const fresh = body.dataset.src !== src;
  if (fresh) {
    body.dataset.src = src;
    delete body.dataset.html;
    body.innerHTML = '<div class="skeleton"><i></i><i></i></div>';
  }
  // What somebody types there or looks at stays.
  if (!fresh && (body.querySelector('[data-past-body] .past, .line-edit') || (body.contains(document.activeElement) && isTyping(document.activeElement)))) return;
  try {
    const html = await ask(src);
    if (body.dataset.html === html || body.dataset.src !== src) return;
    body.dataset.html = html;
    body.innerHTML = html;
    awake(body);
    countDown();
  } catch (error) {
    sorry(error);
  }
}

/** @param {HTMLElement} tab */
function chooseTab(tab) {
  const card = cardOf(tab);
  if (!card) return;
  card.querySelectorAll('[data-tab]').forEach((one) => mark(one, one === tab));
  card.querySelectorAll('[data-body]').forEach((body) => body.toggleAttribute('hidden', (body.getAttribute('data-body') === 'main') !== (tab.dataset.tab === 'main')));
  if (tab.dataset.src) loadTab(card, tab);
}

/** Loads the open tab anew. @param {HTMLElement} card */
export function reloadTab(card) {
  const body = /** @type {HTMLElement | null} */ (card.querySelector('[data-body="more"]'));
  const tab = /** @type {HTMLElement | null} */ (card.querySelector('[data-tab].active[data-src]'));
  if (body) delete body.dataset.html;
  if (tab) loadTab(card, tab);
}

/** @param {HTMLElement} value */
async function edit(value) {
  const field = /** @type {HTMLElement} */ (value.closest('.field'));
  try {
    const form = piece(await ask(value.dataset.edit ?? '')).firstElementChild;
    if (!form || !field.isConnected) return;
    field.replaceWith(form);
    document.dispatchEvent(new CustomEvent('vekha:asked', { detail: form }));
    const input = /** @type {HTMLInputElement | null} */ (form.querySelector('input:not([type=hidden]), select, textarea'));
    input?.focus();
    if (input?.type === 'text') input.select();
  } catch (error) {
    sorry(error);
  }
}

/** @param {HTMLFormElement} form */
async function putField(form) {
  if (form.dataset.busy) return;
  form.dataset.busy = '1';
  const card = cardOf(form);
  try {
    let seq = '';
    const html = await ask(form.action, { post: new FormData(form), json: false, headers: (headers) => { seq = headers.get('x-undo') ?? ''; } });
    const fresh = piece(html).firstElementChild;
    if (!fresh) return;
    form.replaceWith(fresh);
    document.dispatchEvent(new CustomEvent('vekha:asked', { detail: fresh }));
    if (fresh.classList.contains('editing')) return /** @type {HTMLElement | null} */ (fresh.querySelector('.is-invalid'))?.focus();
    flash(fresh);
    /** @type {HTMLElement | null} */ (fresh.querySelector('button[data-edit]'))?.focus({ preventScroll: true });
    const code = form.dataset.field ?? '';
    const owner = form.action.replace(/\/fields\/[^/]+$/, '');
    if (seq) note(t('saved'), { action: t('undo'), act: () => putBack(`${owner}/history/${seq}/restore`, code, card) });
  } catch (error) {
    sorry(error);
  } finally {
    delete form.dataset.busy;
  }
}

/** Puts an old answer back. @param {string} url @param {string} code @param {HTMLElement | null} card */
export async function putBack(url, code, card) {
  try {
    await ask(url, { post: { field: code } });
    note(t('put-back'));
    if (card?.isConnected) {
      await refresh(card);
      reloadTab(card);
    }
  } catch (error) {
    sorry(error);
  }
}

/** @param {HTMLElement} button */
async function cancel(button) {
  const form = button.closest('.editing');
  try {
    const fresh = piece(await ask(button.dataset.cancel ?? '')).firstElementChild;
    if (fresh) form?.replaceWith(fresh);
    /** @type {HTMLElement | null | undefined} */ (fresh?.querySelector('button[data-edit]'))?.focus({ preventScroll: true });
  } catch (error) {
    sorry(error);
  }
}

/** @param {HTMLElement} button */
function editTitle(button) {
  const card = cardOf(button);
  const head = card?.querySelector('[data-title-text]');
  if (!card || !head) return;
  const form = document.createElement('form');
  const input = document.createElement('input');
  input.className = 'form-control';
  input.name = 'title';
  input.maxLength = 255;
  input.required = true;
  input.value = head.textContent ?? '';
  input.setAttribute('aria-label', t('title'));
  form.append(input);
  head.replaceWith(form);
  input.focus();
  input.select();
  // Taking the form away takes the focus away, and that calls for saving once more.
  let gone = false;
  const back = () => {
    if (gone) return;
    gone = true;
    form.replaceWith(head);
  };
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      back();
    }
  });
  let asked = false;
  const save = async () => {
    if (asked || gone) return;
    if (input.value.trim() === head.textContent?.trim() || !input.value.trim()) return back();
    asked = true;
    try {
      await ask(`${urlOf(card)}/fields/title`, { post: { title: input.value }, json: false });
      head.textContent = input.value.trim();
      card.dataset.title = input.value.trim();
    } catch (error) {
      sorry(error);
    }
    back();
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    save();
  });
  input.addEventListener('blur', save);
}

/** @param {HTMLElement} button */
async function move(button) {
  const card = cardOf(button);
  if (!card) return;
  const bar = /** @type {HTMLElement | null} */ (card.querySelector('.stages'));
  bar?.classList.add('saving');
  try {
    const done = await moved(card, button.dataset.move ?? '');
    if (!done) return;
    note(t('moved', { stage: done.title }));
    await refresh(card);
  } catch (error) {
    sorry(error);
  } finally {
    bar?.classList.remove('saving');
  }
}

/** Moves a card; what the stage wants to know is asked first. @param {HTMLElement} card @param {string} stage */
async function moved(card, stage) {
  try {
    return await ask(`${urlOf(card)}/move`, { post: { stage } });
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== 'required_for_stage') throw error;
    return askRequired(card.dataset.slug ?? '', card.dataset.id ?? '', stage, Object.keys(error.fields));
  }
}

/** @param {HTMLElement} button */
async function remove(button) {
  if (!confirm(t('delete-ask'))) return;
  try {
    await ask(button.dataset.delete ?? '', { post: {} });
    const back = (button.dataset.delete ?? '').replace(/\/delete$/, '');
    note(t('deleted'), { action: t('undo'), act: () => ask(`/bin${back}/restore`, { post: {} }).then(() => note(t('restored'))).catch(sorry) });
    if (button.closest('.slider')) closeTop(true);
    else location.assign(button.dataset.back ?? '/');
  } catch (error) {
    sorry(error);
  }
}

/** @param {HTMLFormElement} form */
async function send(form) {
  if (form.dataset.busy) return;
  form.dataset.busy = '1';
  const error = /** @type {HTMLElement | null} */ (form.querySelector('.form-error'));
  if (error) error.hidden = true;
  try {
    await ask(form.action, { post: new FormData(form) });
    form.reset();
    form.querySelectorAll('textarea').forEach((area) => area.removeAttribute('hidden'));
    form.querySelector('[data-template-text]')?.setAttribute('hidden', '');
    const card = cardOf(form);
    if (card) await refresh(card);
  } catch (failed) {
    if (error) {
      error.textContent = /** @type {Error} */ (failed).message;
      error.hidden = false;
    } else sorry(failed);
  } finally {
    delete form.dataset.busy;
  }
}

/** @param {HTMLElement} pill */
function compose(pill) {
  const box = pill.closest('[data-composer]');
  box?.querySelectorAll('[data-compose]').forEach((one) => {
    one.classList.toggle('active', one === pill);
    one.setAttribute('aria-selected', String(one === pill));
  });
  box?.querySelectorAll('[data-panel]').forEach((panel) => panel.toggleAttribute('hidden', panel.getAttribute('data-panel') !== pill.dataset.compose));
  /** @type {HTMLElement | null | undefined} */ (box?.querySelector(`[data-panel="${pill.dataset.compose}"] :is(textarea, input:not([type=hidden]))`))?.focus();
}

/** @param {HTMLSelectElement} select */
async function template(select) {
  const form = select.form;
  const shown = /** @type {HTMLElement | null | undefined} */ (form?.querySelector('[data-template-text]'));
  const area = form?.querySelector('textarea');
  const subject = form?.querySelector('[name=subject]');
  area?.toggleAttribute('hidden', select.value !== '');
  subject?.toggleAttribute('hidden', select.value !== '');
  if (!shown) return;
  shown.hidden = select.value === '';
  if (!select.value) return;
  const channel = /** @type {HTMLInputElement | null | undefined} */ (form?.querySelector('[name=channel]'))?.value ?? '';
  try {
    shown.textContent = await ask(`${select.dataset.template}?channel=${encodeURIComponent(channel)}&template=${encodeURIComponent(select.value)}`);
  } catch (error) {
    // The card cannot fill it yet: the reason stands where the text would.
    shown.textContent = /** @type {Error} */ (error).message;
  }
}

/** Task buttons on cards and on the page of tasks. @param {HTMLElement} button */
export async function taskAct(button) {
  const line = /** @type {HTMLElement | null} */ (button.closest('[data-task]'));
  const id = button.dataset.taskDone ?? button.dataset.taskOpen ?? line?.dataset.task;
  try {
    if (button.dataset.taskLater) {
      await ask(`/tasks/${id}/later`, { post: { by: button.dataset.taskLater } });
      note(t('task-later'));
    } else {
      const status = button.dataset.taskOpen ? 'pending' : 'completed';
      line?.classList.add('done');
      await ask(`/tasks/${id}/status`, { post: { status } });
      if (status === 'completed') {
        note(t('task-done'), { action: t('undo'), act: () => ask(`/tasks/${id}/status`, { post: { status: 'pending' } }).catch(sorry) });
      }
    }
    const card = cardOf(button);
    if (card) {
      await refresh(card);
      planNext(card, button);
    }
    else document.dispatchEvent(new CustomEvent('vekha:tasks'));
  } catch (error) {
    line?.classList.remove('done');
    sorry(error);
  }
}

/** After the last planned thing is done, the next one is a click away. @param {HTMLElement} card @param {HTMLElement} button */
function planNext(card, button) {
  const pill = /** @type {HTMLElement | null} */ (card.querySelector('[data-compose="task"]'));
  if (!button.dataset.taskDone || card.querySelector('.plan') || !pill) return;
  const ask_ = document.createElement('div');
  ask_.className = 'plan-next';
  ask_.append(Object.assign(document.createElement('span'), { textContent: t('nothing-planned') }));
  const next = Object.assign(document.createElement('button'), { type: 'button', className: 'btn btn-sm btn-primary', textContent: t('plan-next') });
  next.addEventListener('click', () => {
    ask_.remove();
    compose(pill);
  });
  ask_.append(next);
  card.querySelector('[data-part="planned"]')?.before(ask_);
  setTimeout(() => ask_.remove(), 30_000);
}

function countDown() {
  for (const sign of document.querySelectorAll('[data-countdown]')) {
    const left = Date.parse(sign.getAttribute('data-countdown') ?? '') - Date.now();
    if (Number.isNaN(left) || Math.abs(left) > 86_400_000) continue;
    const minutes = Math.max(0, Math.floor(left / 60_000));
    const clock = `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${String(Math.max(0, Math.floor(left / 1000) % 60)).padStart(2, '0')}`;
    sign.textContent = left > 0 ? t('in', { n: clock }) : t('now');
  }
}

/** @param {HTMLElement} link */
function why(link) {
  const at = document.getElementById(link.dataset.why ?? '');
  if (!at) return;
  at.scrollIntoView({ block: 'center' });
  at.classList.add('target');
  setTimeout(() => at.classList.remove('target'), 2500);
}

/** Attributes that mean a click does something. @type {[string, (element: HTMLElement) => void][]} */
const clicks = [
  ['data-edit-title', editTitle],
  ['data-cancel', cancel],
  ['data-move', move],
  ['data-delete', remove],
  ['data-tab', chooseTab],
  ['data-compose', compose],
  ['data-task-done', taskAct],
  ['data-task-open', taskAct],
  ['data-task-later', taskAct],
  ['data-show-empty', (button) => { button.closest('[data-fields]')?.classList.add('show-all'); button.remove(); }],
  ['data-copy-link', (button) => { const card = cardOf(button); if (card) navigator.clipboard?.writeText(location.origin + urlOf(card)).then(() => note(t('copied')), () => {}); }],
];

export function start() {
  document.addEventListener('click', (event) => {
    if (!(event.target instanceof Element)) return;
    const link = /** @type {HTMLElement | null} */ (event.target.closest('[data-why]'));
    if (link) {
      event.preventDefault();
      return why(link);
    }
    for (const [name, act] of clicks) {
      const found = /** @type {HTMLElement | null} */ (event.target.closest(`[${name}]`));
      if (found) return act(found);
    }
    const value = /** @type {HTMLElement | null} */ (event.target.closest('[data-edit]'));
    if (value && !event.target.closest('a') && !String(getSelection() ?? '')) edit(value);
  });
  document.addEventListener('submit', (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (form.matches('[data-field-form]')) {
      event.preventDefault();
      putField(form);
    } else if (form.matches('[data-ajax]')) {
      event.preventDefault();
      send(form);
    }
  });
  document.addEventListener('change', (event) => {
    if (event.target instanceof HTMLSelectElement && event.target.matches('[data-template]')) template(event.target);
  });
  document.addEventListener('keydown', (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const form = /** @type {HTMLFormElement | null | undefined} */ (target?.closest('form.editing'));
    if (form && event.key === 'Escape') {
      event.preventDefault();
      return cancel(/** @type {HTMLElement} */ (form.querySelector('[data-cancel]')));
    }
    const several = target instanceof HTMLTextAreaElement && !target.hasAttribute('data-points');
    if (form && event.key === 'Enter' && !event.shiftKey && !event.isComposing && (!several || event.ctrlKey) && !(target instanceof HTMLButtonElement)) {
      event.preventDefault();
      return form.requestSubmit();
    }
    if (target?.matches('[data-composer] textarea') && event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      return /** @type {HTMLTextAreaElement} */ (target).form?.requestSubmit();
    }
  });
  document.addEventListener('vekha:live', (event) => {
    const told = /** @type {CustomEvent} */ (event).detail;
    for (const card of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-card]'))) {
      if (card.dataset.card === told.about || card.dataset.card === told.item || card.dataset.card?.startsWith('3:')) refreshSoon(card);
    }
  });
  document.addEventListener('vekha:resync', () => document.querySelectorAll('[data-card]').forEach((card) => refreshSoon(/** @type {HTMLElement} */ (card))));
  document.addEventListener('vekha:card', (event) => /** @type {CustomEvent} */ (event).detail.querySelectorAll('[data-merge]').forEach(remember));
  setInterval(countDown, 1000);
}
