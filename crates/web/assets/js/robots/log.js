// @ts-check
// What a rule did lately, and why it did nothing for one record.
import { ask, h, icon } from './dom.js';

/**
 * The drawer with the log of a rule and the question "why did it not run?".
 * @param {{view: any, stage: any, board: any, why: boolean, onClose: () => void}} given
 */
export function drawLog({ view, stage, board, why, onClose }) {
  const list = h('div.rb-log', { 'aria-live': 'polite' }, h('div.rb-skeleton'), h('div.rb-skeleton'), h('div.rb-skeleton'));
  const number = h('input.form-control', { type: 'text', inputmode: 'numeric', id: 'rb-why-item', placeholder: board.t('robots-why-item-hint'), autocomplete: 'off' });
  const answer = h('ul.rb-why', { 'aria-live': 'polite' });
  const form = h(
    'form.rb-why-form',
    {
      on: {
        submit: async (/** @type {Event} */ event) => {
          event.preventDefault();
          answer.replaceChildren();
          try {
            const found = await ask(`/api/robots/why?stage=${stage.id}&rule=${view.rule.id}&item=${encodeURIComponent(number.value.trim())}`);
            answer.replaceChildren(...(found.title ? [h('li.rb-why-item', {}, h('a', { href: found.url }, found.title))] : []), ...found.lines.map((/** @type {string} */ line) => h('li', {}, line)));
          } catch (error) {
            answer.replaceChildren(h('li.text-danger', {}, /** @type {Error} */ (error).message));
          }
        },
      },
    },
    h('label.form-label', { for: 'rb-why-item' }, board.t('robots-why-item')),
    h('div.input-group', {}, number, h('button.btn.btn-primary', { type: 'submit' }, board.t('robots-why-ask'))),
  );
  ask(`/api/robots/log?stage=${stage.id}&rule=${view.rule.id}`)
    .then((found) => list.replaceChildren(...lines(found.entries, board)))
    .catch((error) => list.replaceChildren(h('p.text-danger', {}, error.message)));
  const panel = h(
    'aside.rb-panel.rb-drawer',
    { role: 'dialog', 'aria-modal': 'false', 'aria-label': `${board.t('robots-log')}: ${view.rule.title}` },
    h('header.rb-panel-head', {}, h('div', {}, h('div.rb-panel-kind', {}, `${board.t('robots-log')} · ${stage.title}`), h('h2', {}, view.rule.title)), h('button.btn.btn-icon', { type: 'button', 'aria-label': board.t('robots-close'), on: { click: onClose } }, icon('close'))),
    h('section.rb-section', {}, h('h3', {}, board.t('robots-why')), form, answer),
    h('section.rb-section', {}, h('h3', {}, board.t('robots-log')), list),
  );
  if (why) queueMicrotask(() => number.focus());
  return panel;
}

/** @param {any[]} entries @param {any} board */
function lines(entries, board) {
  if (entries.length === 0) return [h('p.text-secondary', {}, board.t('robots-log-empty'))];
  return entries.map((entry) =>
    h(
      'div.rb-entry',
      { data: { state: entry.state } },
      h('div.rb-entry-head', {}, h('span.rb-state', { data: { state: entry.state } }, entry.state_title), entry.url ? h('a', { href: entry.url }, entry.item) : h('span', {}, entry.item), h('time', {}, entry.at)),
      entry.reason ? h('div.rb-entry-reason', {}, entry.reason) : null,
      entry.due ? h('div.rb-entry-reason', {}, `${board.t('robots-due')}: ${entry.due}`) : null,
    ),
  );
}
