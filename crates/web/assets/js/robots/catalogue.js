// @ts-check
// The catalogue behind the "+": everything that can be set on a stage, in groups, with a search that knows both languages.
import { h, icon } from './dom.js';

/**
 * Lets the user pick a trigger or a robot.
 * @param {any} board @param {'trigger' | 'robot'} band @param {any} stage
 * @returns {Promise<any | null>} its `about`, or `null` when the dialog was closed
 */
export function pickFromCatalogue(board, band, stage) {
  return new Promise((resolve) => {
    const all = band === 'trigger' ? board.triggers : board.robots;
    const title = board.t(band === 'trigger' ? 'robots-add-trigger' : 'robots-add-robot');
    const search = h('input.form-control', { type: 'search', placeholder: board.t('robots-search'), 'aria-label': board.t('robots-search') });
    const list = h('div.rb-catalogue-list');
    const dialog = h('dialog.rb-catalogue', { 'aria-label': `${title}: ${stage.title}` }, h('header', {}, h('h2', {}, title, h('small', {}, stage.title)), h('button.btn.btn-icon', { type: 'button', 'aria-label': board.t('robots-close'), on: { click: () => dialog.close() } }, icon('close'))), search, list);
    let chosen = null;
    const draw = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const found = all.filter((/** @type {any} */ one) => words.every((word) => one.search.includes(word)));
      /** @type {Map<string, any[]>} */
      const groups = new Map();
      for (const one of found) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
      list.replaceChildren(
        ...[...groups].map(([group, ones]) =>
          h('section', {}, h('h3', {}, group), h('div.rb-catalogue-grid', {}, ones.map((/** @type {any} */ one) => h('button.rb-choice', { type: 'button', data: { code: one.code }, on: { click: () => { chosen = one; dialog.close(); } } }, icon(band === 'trigger' ? 'bolt' : 'robot'), h('span', {}, h('b', {}, one.title), h('span.rb-choice-help', {}, one.help)))))),
        ),
        ...(found.length === 0 ? [h('p.text-secondary', {}, board.t('robots-nothing-found'))] : []),
      );
    };
    search.addEventListener('input', draw);
    search.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
      if (event.key === 'Enter') /** @type {any} */ (list.querySelector('button'))?.click();
    });
    dialog.addEventListener('click', (/** @type {Event} */ event) => {
      if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(chosen);
    });
    draw();
    document.body.append(dialog);
    dialog.showModal();
    search.focus();
  });
}
