// @ts-check
// The story of a card: filter, pins; planned things handed over; masked answers; history; the recycle bin; doubles.
import { ask, awake, note, piece, sorry, t } from './base.js';
import { cardOf, putBack, refresh, reloadTab } from './card.js';

/** @param {HTMLElement} card */
async function filter(card) {
  const select = /** @type {HTMLSelectElement | null} */ (card.querySelector('[data-story-filter]'));
  const story = /** @type {HTMLElement | null} */ (card.querySelector('[data-part="story"]'));
  if (!select || !story) return;
  const html = await ask(`${select.dataset.storyFilter}?only=${select.value}`);
  story.replaceChildren(piece(html));
  awake(story);
}

/** Changes price lines and shows them anew; the field that was left for keeps the focus. @param {HTMLElement} from @param {string} url @param {Record<string, any>} post */
async function lines(from, url, post) {
  const body = /** @type {HTMLElement} */ (from.closest('[data-body]'));
  try {
    const html = await ask(url, { post, json: false });
    const focus = document.activeElement?.getAttribute('data-line-at');
    body.innerHTML = html;
    if (focus) /** @type {HTMLElement | null} */ (body.querySelector(`[data-line-at="${focus}"]`))?.focus();
  } catch (error) {
    sorry(error);
  }
}

/** @type {[string, (button: HTMLElement) => Promise<any>][]} */
const clicks = [
  ['data-pin', async (button) => {
    await ask(button.dataset.pin ?? '', { post: { event: button.dataset.event, on: button.dataset.on } });
    const card = cardOf(button);
    if (card) await refresh(card);
  }],
  ['data-reveal', async (button) => {
    const value = /** @type {HTMLElement} */ (button.closest('.field-value'));
    const html = await ask(button.dataset.reveal ?? '', { post: {}, json: false });
    value.innerHTML = html;
  }],
  ['data-put-back', (button) => putBack(button.dataset.putBack ?? '', button.dataset.code ?? '', cardOf(button))],
  ['data-past-close', async (button) => button.closest('[data-past-body]')?.replaceChildren()],
  ['data-unmerge', async (button) => {
    await ask(button.dataset.unmerge ?? '', { post: {} });
    note(t('unmerged'));
    const card = cardOf(button);
    if (card) await refresh(card);
  }],
  ['data-line-drop', (button) => lines(button, button.dataset.lineDrop ?? '', {})],
  ['data-line-add', (button) => lines(button, button.dataset.lineAdd ?? '', { title: button.dataset.title })],
  ['data-restore', async (button) => {
    await ask(button.dataset.restore ?? '', { post: {} });
    button.closest('tr')?.remove();
    note(t('restored'), { action: t('restored-open'), act: () => location.assign(button.dataset.href ?? '/') });
  }],
  ['data-different', async (button) => {
    await ask(button.dataset.different ?? '', { post: {} });
    note(t('told-apart'));
    if (button.dataset.then) location.assign(button.dataset.then);
    else button.closest('[data-pair]')?.remove();
  }],
];

document.addEventListener('click', (event) => {
  const target = event.target instanceof Element ? event.target : null;
  for (const [name, act] of clicks) {
    const found = /** @type {HTMLElement | null | undefined} */ (target?.closest(`[${name}]`));
    if (!found) continue;
    event.stopPropagation();
    return void act(found).catch(sorry);
  }
}, true);
document.addEventListener('change', (event) => {
  const target = event.target instanceof HTMLElement ? event.target : null;
  const card = target ? cardOf(target) : null;
  if (target?.matches('[data-story-filter]') && card) filter(card).catch(sorry);
  if (target instanceof HTMLInputElement && target.dataset.line) {
    const value = target.type === 'checkbox' ? (target.checked ? '1' : '0') : target.value;
    lines(target, target.dataset.line, { [target.name]: value });
  }
  const form = /** @type {HTMLFormElement | null | undefined} */ (target?.closest('[data-history]'));
  const tab = /** @type {HTMLElement | null | undefined} */ (card?.querySelector('[data-tab="history"]'));
  if (form && tab && card) {
    tab.dataset.src = `${form.dataset.history}?${new URLSearchParams(/** @type {any} */ (new FormData(form)))}`;
    reloadTab(card);
  }
});
document.addEventListener('submit', (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.matches('[data-past]')) {
    event.preventDefault();
    const at = String(new FormData(form).get('at'));
    const body = form.closest('[data-body]')?.querySelector('[data-past-body]');
    ask(`${form.dataset.past}?at=${encodeURIComponent(at)}`).then((html) => body?.replaceChildren(piece(html))).catch(sorry);
  } else if (form.matches('[data-later-to]')) {
    event.preventDefault();
    const id = /** @type {HTMLElement} */ (form.closest('[data-task]')).dataset.task;
    ask(`/tasks/${id}/later`, { post: new FormData(form) }).then(() => {
      note(t('task-later'));
      const card = cardOf(form);
      return card ? refresh(card) : document.dispatchEvent(new CustomEvent('vekha:tasks'));
    }).catch(sorry);
  }
});
document.addEventListener('vekha:picked', (event) => {
  const box = /** @type {HTMLElement} */ (event.target);
  if (box.dataset.product) return void lines(box, box.dataset.product, { product: /** @type {CustomEvent} */ (event).detail.id });
  if (!box.dataset.reassign) return;
  ask(`/tasks/${box.dataset.reassign}/fields/responsible`, { post: { responsible: /** @type {CustomEvent} */ (event).detail.id }, json: false }).then(() => {
    note(t('reassigned'));
    /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
    const card = cardOf(box);
    return card ? refresh(card) : document.dispatchEvent(new CustomEvent('vekha:tasks'));
  }).catch(sorry);
});
document.addEventListener('vekha:story', (event) => filter(/** @type {CustomEvent} */ (event).detail).catch(sorry));
