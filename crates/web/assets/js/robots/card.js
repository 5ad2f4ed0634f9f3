// @ts-check
// What the board shows: one column per stage, triggers above, robots below.
import { h, icon } from './dom.js';

/**
 * Builds the whole board. Every button calls one of `acts`.
 * @param {any} board @param {any} acts @param {boolean} readOnly
 */
export function drawBoard(board, acts, readOnly) {
  const columns = board.stages.length;
  const grid = h('div.rb-grid', { style: `--rb-columns:${columns}` });
  for (const stage of board.stages) grid.append(heading(stage, board));
  for (const band of /** @type {const} */ (['trigger', 'robot'])) {
    const title = board.t(band === 'trigger' ? 'robots-triggers' : 'robots-robots');
    grid.append(h('h2.rb-band', { id: `rb-band-${band}` }, icon(band === 'trigger' ? 'bolt' : 'robot'), h('span', {}, title), h('small', {}, board.t(`robots-band-${band}`))));
    // A phone shows only the stages that hold something.
    const shown = board.stages.filter((/** @type {any} */ stage) => !readOnly || stage.rules.some((/** @type {any} */ one) => one.rule.kind === band));
    for (const stage of shown) grid.append(cell(stage, band, board, acts, readOnly));
    if (shown.length === 0) grid.append(h('p.rb-none', {}, board.t('robots-none')));
  }
  return grid;
}

/** @param {any} stage @param {any} board */
function heading(stage, board) {
  const count = stage.rules.filter((/** @type {any} */ one) => one.rule.enabled).length;
  return h(
    'div.rb-head',
    { style: `--rb-color:${stage.color || '#a8adb4'};--rb-ink:${inkOn(stage.color)}`, title: stage.title, data: { outcome: stage.outcome } },
    h('span.rb-head-title', {}, stage.title),
    h('span.rb-head-count', { title: board.t('robots-rules-on') }, count),
  );
}

/** Black or white, whichever can be read on the colour. @param {string} color */
function inkOn(color) {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt((color || '#a8adb4').slice(at, at + 2), 16));
  return 0.299 * r + 0.587 * g + 0.114 * b > 140 ? '#1f2937' : '#ffffff';
}

/** @param {any} stage @param {'trigger' | 'robot'} band @param {any} board @param {any} acts @param {boolean} readOnly */
function cell(stage, band, board, acts, readOnly) {
  const rules = stage.rules.filter((/** @type {any} */ one) => one.rule.kind === band);
  const list = h('ol.rb-list', { 'aria-label': `${stage.title}: ${board.t(band === 'trigger' ? 'robots-triggers' : 'robots-robots')}`, data: { stage: stage.id, band } }, rules.map((/** @type {any} */ one) => card(one, stage, board, acts, readOnly)));
  const label = board.t(band === 'trigger' ? 'robots-add-trigger' : 'robots-add-robot');
  const add = readOnly ? null : h('button.rb-add', { type: 'button', title: label, 'aria-label': `${label}: ${stage.title}`, on: { click: () => acts.add(stage, band) } }, icon('plus'));
  return h('div.rb-cell', { data: { stage: stage.id, band } }, h('span.rb-cell-title', {}, stage.title), list, add);
}

/** @param {any} view @param {any} stage @param {any} board @param {any} acts @param {boolean} readOnly */
function card(view, stage, board, acts, readOnly) {
  const { rule } = view;
  const classes = ['rb-card'];
  if (!rule.enabled) classes.push('rb-off');
  if (view.broken) classes.push('rb-broken');
  const wait = rule.kind === 'robot' && rule.lane === 'wait';
  const when = readOnly
    ? h('span.rb-when', {}, view.when)
    : h('button.rb-when', { type: 'button', tabindex: -1, on: { click: (/** @type {Event} */ event) => { event.stopPropagation(); acts.edit(stage, view, 'when'); } } }, view.when);
  const act = (/** @type {any} */ name, /** @type {string} */ key, /** @type {() => void} */ run) =>
    h('button.rb-act', { type: 'button', tabindex: -1, title: board.t(key), 'aria-label': `${board.t(key)}: ${rule.title}`, on: { click: (/** @type {Event} */ event) => { event.stopPropagation(); run(); } } }, icon(name));
  const power = h(
    'button.rb-act.rb-power',
    { type: 'button', tabindex: readOnly ? 0 : -1, role: 'switch', 'aria-checked': String(rule.enabled), 'aria-label': `${board.t(rule.enabled ? 'robots-state-on' : 'robots-state-off')}: ${rule.title}`, title: board.t(rule.enabled ? 'robots-turn-off' : 'robots-turn-on'), on: { click: (/** @type {Event} */ event) => { event.stopPropagation(); acts.toggle(stage, view); } } },
    icon('power'),
    h('span.rb-power-text', {}, board.t(rule.enabled ? 'robots-state-on' : 'robots-state-off')),
  );
  const article = h(
    'article',
    {
      class: classes.join(' '),
      tabindex: 0,
      'aria-label': `${rule.title}. ${view.when}. ${view.what}${rule.enabled ? '' : `. ${board.t('robots-state-off')}`}`,
      'aria-keyshortcuts': readOnly ? null : 'Enter Delete Alt+ArrowUp Alt+ArrowDown Alt+ArrowLeft Alt+ArrowRight',
      data: { key: view.key },
      on: { click: () => !readOnly && acts.edit(stage, view) },
    },
    when,
    h('h3.rb-title', {}, rule.title),
    h('p.rb-what', {}, view.what),
    view.broken ? h('p.rb-error', {}, view.broken) : null,
    strip(view, board, acts, stage),
    h('footer.rb-actions', {}, readOnly ? null : [act('pencil', 'robots-edit', () => acts.edit(stage, view)), act('copy', 'robots-copy', () => acts.copy(stage, view))], power, readOnly ? null : act('trash', 'robots-delete', () => acts.remove(stage, view))),
  );
  return h('li', { class: wait ? 'rb-item rb-wait' : 'rb-item', data: { key: view.key } }, article);
}

/** Today's figures; opens the log. @param {any} view @param {any} board @param {any} acts @param {any} stage */
function strip(view, board, acts, stage) {
  if (!view.rule.id) return null;
  const { done, skipped, failed, waiting } = view.today;
  const part = (/** @type {number} */ number, /** @type {string} */ key, /** @type {string} */ style) => h(`span.rb-figure.${style}`, { title: board.t(key) }, h('b', {}, number), h('span', {}, ` ${board.t(`${key}-short`)}`));
  return h(
    'button.rb-strip',
    { type: 'button', tabindex: -1, title: board.t('robots-log'), on: { click: (/** @type {Event} */ event) => { event.stopPropagation(); acts.log(stage, view); } } },
    h('span.rb-today', {}, board.t('robots-today')),
    part(done, 'robots-done', 'rb-done'),
    skipped > 0 ? part(skipped, 'robots-skipped', 'rb-skipped') : null,
    failed > 0 ? part(failed, 'robots-failed', 'rb-failed') : null,
    waiting > 0 ? part(waiting, 'robots-waiting', 'rb-waiting') : null,
  );
}
