// @ts-check
// The condition of a rule: groups of comparisons joined by AND or OR.
import { h, icon } from './dom.js';
import { optionsOf, spelled } from './field.js';

/** Comparisons that make sense for a kind of field; what the server does not know it refuses anyway. */
const FOR_NUMBERS = ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'empty', 'filled'];
const FOR_TEXTS = ['eq', 'ne', 'contains', 'not_contains', 'empty', 'filled'];
const FOR_CHOICES = ['eq', 'ne', 'in', 'not_in', 'empty', 'filled'];
const FOR_FLAGS = ['eq', 'ne', 'empty', 'filled'];

/** @param {any} field */
function opsFor(field) {
  switch (field?.kind) {
    case 'integer':
    case 'decimal':
    case 'money':
    case 'date':
    case 'moment':
      return FOR_NUMBERS;
    case 'choice':
    case 'user':
    case 'stage':
    case 'pipeline':
      return FOR_CHOICES;
    case 'flag':
      return FOR_FLAGS;
    default:
      return FOR_TEXTS;
  }
}

/**
 * A filter as groups; `null` when it is more complicated than the form can show.
 * @param {any} filter
 * @returns {{join: 'all' | 'one', groups: {join: 'all' | 'one', rows: any[]}[]} | null}
 */
export function groupsOf(filter) {
  if (filter === undefined || filter === null || filter === 'any') return { join: 'all', groups: [] };
  if (filter.is) return { join: 'all', groups: [{ join: 'all', rows: [filter.is] }] };
  const join = filter.all ? 'all' : filter.one ? 'one' : null;
  if (!join) return null;
  const parts = filter[join];
  if (parts.every((/** @type {any} */ part) => part.is)) return { join: 'all', groups: [{ join, rows: parts.map((/** @type {any} */ part) => part.is) }] };
  const groups = [];
  for (const part of parts) {
    const inner = groupsOf(part);
    if (!inner || inner.groups.length !== 1) return null;
    groups.push(inner.groups[0]);
  }
  return { join, groups };
}

/**
 * Groups as a filter.
 * @param {'all' | 'one'} join @param {{join: 'all' | 'one', rows: any[]}[]} groups
 * @returns {any}
 */
export function filterOf(join, groups) {
  const parts = groups
    .filter((group) => group.rows.length > 0)
    .map((group) => (group.rows.length === 1 ? { is: group.rows[0] } : { [group.join]: group.rows.map((row) => ({ is: row })) }));
  if (parts.length === 0) return 'any';
  return parts.length === 1 ? parts[0] : { [join]: parts };
}

/**
 * The editor of a condition.
 * @param {any} filter @param {any} board
 * @returns {{node: HTMLElement, read: () => any}}
 */
export function conditionEditor(filter, board) {
  const start = groupsOf(filter);
  if (!start) {
    let kept = filter;
    const node = h('div', {}, h('p.text-secondary', {}, board.t('robots-condition-complex')));
    node.append(h('button.btn.btn-sm', { type: 'button', on: { click: () => { const fresh = conditionEditor('any', board); node.replaceWith(fresh.node); kept = null; replaced = fresh; } } }, board.t('robots-condition-replace')));
    /** @type {{read: () => any} | null} */
    let replaced = null;
    return { node, read: () => (replaced ? replaced.read() : kept) };
  }
  const outer = start.join;
  /** @type {{join: any, rows: {read: () => any, node: HTMLElement}[], node: any}[]} */
  const groups = [];
  const holder = h('div.rb-groups');
  const joinSelect = joinControl(outer, board, 'robots-condition-join-groups');
  const joinLine = h('div.rb-join', {}, joinSelect);
  const redraw = () => {
    joinLine.hidden = groups.length < 2;
    groups.forEach((group) => (group.joinLine.hidden = group.rows.length < 2));
  };
  const addGroup = (/** @type {any} */ given) => {
    const select = joinControl(given.join, board, 'robots-condition-join');
    const line = h('div.rb-join', {}, select);
    const list = h('div.rb-rows');
    const group = { join: select, joinLine: line, rows: /** @type {any[]} */ ([]), node: h('div.rb-group', {}, line, list) };
    const addRow = (/** @type {any} */ row) => {
      const one = rowControl(row, board, () => {
        group.rows.splice(group.rows.indexOf(one), 1);
        one.node.remove();
        if (group.rows.length === 0) {
          groups.splice(groups.indexOf(/** @type {any} */ (group)), 1);
          group.node.remove();
        }
        redraw();
      });
      group.rows.push(one);
      list.append(one.node);
      redraw();
      return one;
    };
    groups.push(/** @type {any} */ (group));
    holder.append(group.node);
    given.rows.forEach(addRow);
    group.node.append(h('button.btn.btn-sm.btn-link', { type: 'button', on: { click: () => addRow(firstRow(board)).node.querySelector('select')?.focus() } }, icon('plus'), board.t('robots-condition-add')));
    redraw();
    return group;
  };
  start.groups.forEach(addGroup);
  const add = h('button.btn.btn-sm', { type: 'button', on: { click: () => addGroup({ join: 'all', rows: [firstRow(board)] }).node.querySelector('.rb-row select')?.focus() } }, icon('plus'), board.t('robots-condition-add-group'));
  redraw();
  return {
    node: h('div.rb-condition', {}, joinLine, holder, add),
    read: () => filterOf(joinSelect.value, groups.map((group) => ({ join: group.join.value, rows: group.rows.map((row) => row.read()) }))),
  };
}

/** @param {any} board */
function firstRow(board) {
  const field = board.fields.find((/** @type {any} */ one) => one.kind === 'money') ?? board.fields[0];
  return { field: field?.code ?? 'title', op: 'eq', value: null };
}

/** @param {string} join @param {any} board @param {string} label */
function joinControl(join, board, label) {
  const select = h('select.form-select.form-select-sm', { 'aria-label': board.t(label) }, h('option', { value: 'all' }, board.t('robots-condition-all')), h('option', { value: 'one' }, board.t('robots-condition-one')));
  select.value = join;
  return select;
}

/** One comparison. @param {any} row @param {any} board @param {() => void} onRemove */
function rowControl(row, board, onRemove) {
  const fields = h('select.form-select.form-select-sm', { 'aria-label': board.t('robots-condition-field') }, board.fields.map((/** @type {any} */ one) => h('option', { value: one.code }, one.title)));
  if (!board.fields.some((/** @type {any} */ one) => one.code === row.field)) fields.append(h('option', { value: row.field }, `${row.field} ?`));
  fields.value = row.field;
  const ops = h('select.form-select.form-select-sm', { 'aria-label': board.t('robots-condition-op') });
  const place = h('div.rb-value');
  /** @type {() => any} */
  let readValue = () => null;
  const current = () => board.fields.find((/** @type {any} */ one) => one.code === fields.value);
  const drawOps = (/** @type {string} */ chosen) => {
    const allowed = opsFor(current());
    const list = allowed.includes(chosen) || !board.ops.some((/** @type {any} */ op) => op.code === chosen) ? allowed : [...allowed, chosen];
    ops.replaceChildren(...board.ops.filter((/** @type {any} */ op) => list.includes(op.code)).map((/** @type {any} */ op) => h('option', { value: op.code }, op.title)));
    ops.value = list.includes(chosen) ? chosen : list[0];
  };
  const drawValue = (/** @type {any} */ value) => {
    const made = valueControl(current(), ops.value, value, board);
    readValue = made.read;
    place.replaceChildren(made.node);
  };
  drawOps(row.op);
  drawValue(row.value);
  fields.addEventListener('change', () => {
    drawOps('eq');
    drawValue(null);
  });
  ops.addEventListener('change', () => drawValue(readValue()));
  const remove = h('button.btn.btn-sm.btn-icon.btn-ghost-danger', { type: 'button', 'aria-label': board.t('robots-condition-remove'), on: { click: onRemove } }, icon('close'));
  return { node: h('div.rb-row', {}, fields, ops, place, remove), read: () => ({ field: fields.value, op: ops.value, value: readValue() }) };
}

/** @param {any} field @param {string} op @param {any} value @param {any} board */
function valueControl(field, op, value, board) {
  if (op === 'empty' || op === 'filled' || !field) return { node: h('span'), read: () => null };
  const label = board.t('robots-condition-value');
  const several = op === 'in' || op === 'not_in';
  const options = field.kind === 'flag' ? [{ code: true, title: board.t('robots-yes') }, { code: false, title: board.t('robots-no') }] : optionsOf(field, board);
  if (options) {
    const select = h('select.form-select.form-select-sm', { 'aria-label': label, multiple: several }, options.map((option) => h('option', { value: String(option.code) }, option.group ? `${option.group}: ${option.title}` : option.title)));
    const chosen = new Set((Array.isArray(value) ? value : [value]).filter((one) => one !== null && one !== undefined).map(String));
    for (const option of select.options) if (chosen.has(option.value)) option.selected = true;
    const codes = () => [...select.selectedOptions].map((option) => options[[...select.options].indexOf(option)].code);
    return { node: select, read: () => (several ? codes() : codes()[0] ?? null) };
  }
  const input = h('input.form-control.form-control-sm', { 'aria-label': label, type: field.kind === 'date' ? 'date' : field.kind === 'integer' ? 'number' : 'text', value: spelled(value) });
  if (field.kind === 'money' || field.kind === 'decimal') input.setAttribute('inputmode', 'decimal');
  return { node: input, read: () => (input.value.trim() === '' ? null : input.value.trim()) };
}
