// @ts-check
// One control per kind of field: the settings form of triggers and robots, and the values of conditions.
import { h, icon } from './dom.js';

/**
 * @typedef {object} Field a question, in the reader's language
 * @property {string} code
 * @property {string} title
 * @property {string} help
 * @property {string} kind
 * @property {boolean} required
 * @property {boolean} multiple
 * @property {any} default
 * @property {{code: string, title: string}[]} [options]
 * @property {{code: string, title: string}[]} [suggest]
 * @property {number} [to]
 * @property {string} [provider]
 * @property {Field[]} [fields]
 *
 * @typedef {object} Control what a form holds of one question
 * @property {HTMLElement} node
 * @property {() => any} read the answer, `null` when there is none
 */

let last = 0;
/** A fresh id for a label and its control. */
export function freshId() {
  last += 1;
  return `rb-${last}`;
}

/**
 * A labelled control for one field.
 * @param {Field} field @param {any} value @param {any} board @param {string} path where an error of this field is addressed to
 * @returns {Control}
 */
export function fieldControl(field, value, board, path) {
  const answer = value === undefined || value === null ? field.default : value;
  const id = freshId();
  const control = controlOf(field, answer, board, id, path);
  const isBox = field.kind === 'flag' && !field.multiple;
  const help = field.help ? h('div.form-hint', { id: `${id}-help` }, field.help) : null;
  const error = h('div.invalid-feedback', { role: 'alert', data: { errorFor: path } });
  if (isBox) return { node: h('div.rb-field', {}, h('label.form-check', {}, control.node, h('span.form-check-label', {}, field.title)), help, error), read: control.read };
  const label = h('label.form-label', { for: id }, field.title, field.required ? h('span.rb-required', { 'aria-hidden': 'true' }, ' *') : null);
  return { node: h('div.rb-field', {}, label, control.node, help, error), read: control.read };
}

/** @param {Field} field @param {any} value @param {any} board @param {string} id @param {string} path @returns {Control} */
function controlOf(field, value, board, id, path) {
  if (field.kind === 'record') return records(field, value, board, id, path);
  if (field.kind === 'people') return people(field, value, board, id);
  const options = optionsOf(field, board);
  if (options && field.multiple) return boxes(options, value, id, field.title);
  if (options) return choice(options, value, id, field, board);
  switch (field.kind) {
    case 'flag': {
      const input = h('input.form-check-input', { type: 'checkbox', id, checked: value === true });
      return { node: input, read: () => input.checked };
    }
    case 'long_text':
      return textual(h('textarea.form-control', { id, rows: 4 }), value, field);
    case 'pattern':
      return pattern(field, value, board, id);
    case 'span':
      return span(value, id, board);
    case 'integer':
    case 'link':
    case 'file':
      return numeric(h('input.form-control', { id, type: 'number', step: 1 }), value);
    case 'date':
      return dated(h('input.form-control', { id, type: 'date' }), value);
    case 'secret':
      return textual(h('input.form-control', { id, type: 'password', autocomplete: 'new-password' }), value, field);
    default:
      return textual(suggested(h('input.form-control', { id, type: 'text' }), field, id), value, field);
  }
}

/**
 * Choices of a field, wherever they come from; `null` when it is typed.
 * @param {Field} field @param {any} board
 * @returns {{code: any, title: string, group?: string}[] | null}
 */
export function optionsOf(field, board) {
  switch (field.kind) {
    case 'choice':
      return field.options ?? [];
    case 'user':
      return board.people.map((/** @type {any} */ one) => ({ code: one.id, title: one.name }));
    case 'stage':
      return board.all_stages.map((/** @type {any} */ one) => ({ code: one.id, title: one.title, group: one.pipeline }));
    case 'pipeline':
      return board.all_pipelines.map((/** @type {any} */ one) => ({ code: one.id, title: one.title }));
    case 'account':
      return board.accounts.filter((/** @type {any} */ one) => !field.provider || one.provider === field.provider).map((/** @type {any} */ one) => ({ code: one.code, title: one.title }));
    case 'field_code':
      return board.fields.map((/** @type {any} */ one) => ({ code: one.code, title: one.title }));
    case 'link':
      return field.suggest && field.suggest.length > 0 ? field.suggest : null;
    default:
      return field.suggest && field.suggest.length > 0 && !['pattern', 'long_text', 'span'].includes(field.kind) ? field.suggest : null;
  }
}

/** @param {any[]} options @param {any} value @param {string} id @param {Field} field @param {any} board @returns {Control} */
function choice(options, value, id, field, board) {
  const select = h('select.form-select', { id });
  if (!field.required || value === null || value === undefined || value === '') select.append(h('option', { value: '' }, board.t('robots-not-chosen')));
  const groups = new Map();
  for (const option of options) {
    let parent = select;
    if (option.group) {
      if (!groups.has(option.group)) groups.set(option.group, select.appendChild(h('optgroup', { label: option.group })));
      parent = groups.get(option.group);
    }
    parent.append(h('option', { value: String(option.code) }, option.title));
  }
  const given = value === null || value === undefined ? '' : String(value);
  // What was set up before and is not on the list any more stays visible instead of turning into something else.
  if (given !== '' && !options.some((option) => String(option.code) === given)) select.append(h('option', { value: given }, `${given} ?`));
  select.value = given;
  return { node: select, read: () => typed(options, select.value) };
}

/** @param {any[]} options @param {string} code */
function typed(options, code) {
  if (code === '') return null;
  const found = options.find((option) => String(option.code) === code);
  return found ? found.code : code;
}

/** @param {any[]} options @param {any} value @param {string} id @param {string} title @returns {Control} */
function boxes(options, value, id, title) {
  const chosen = new Set((Array.isArray(value) ? value : value === null || value === undefined ? [] : [value]).map(String));
  const inputs = options.map((option) => h('input.form-check-input', { type: 'checkbox', value: String(option.code), checked: chosen.has(String(option.code)) }));
  const node = h('div.rb-boxes', { id, role: 'group', 'aria-label': title }, options.map((option, at) => h('label.form-check', {}, inputs[at], h('span.form-check-label', {}, option.title))));
  return {
    node,
    read: () => {
      const list = options.filter((_, at) => inputs[at].checked).map((option) => option.code);
      return list.length > 0 ? list : null;
    },
  };
}

/** Whom: `responsible`, `head`, `role:manager`, `user:7`; several words are separated by commas. @param {Field} field @param {any} value @param {any} board @param {string} id @returns {Control} */
function people(field, value, board, id) {
  const words = String(value ?? '').split(',').map((word) => word.trim()).filter(Boolean);
  const unknown = words.filter((word) => !board.whom.some((/** @type {any} */ one) => one.code === word)).map((word) => ({ code: word, title: `${word} ?` }));
  const made = boxes([...board.whom, ...unknown], words, id, field.title);
  made.node.classList.add('rb-scroll');
  return { node: made.node, read: () => made.read()?.join(',') ?? null };
}

/** @param {any} input @param {any} value @param {Field} field @returns {Control} */
function textual(input, value, field) {
  input.value = spelled(value);
  if (field.required) input.required = true;
  return { node: input, read: () => (input.value.trim() === '' ? null : field.multiple ? input.value.split(',').map((/** @type {string} */ one) => one.trim()).filter(Boolean) : input.value) };
}

/** The stored answer as it is typed. @param {any} value @returns {string} */
export function spelled(value) {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(spelled).join(', ');
  if (typeof value === 'object') {
    if ('$money' in value) return fraction(value.$money, 2);
    if ('$decimal' in value) return fraction(value.$decimal, 4);
    if ('$date' in value) return value.$date;
    if ('$moment' in value) return new Date(value.$moment / 1000).toISOString().slice(0, 16).replace('T', ' ');
    if ('$ref' in value) return value.$ref;
    if ('$points' in value) return value.$points.map((/** @type {any} */ one) => one.raw).join(', ');
    return '';
  }
  return String(value);
}

/** @param {number} scaled @param {number} places */
function fraction(scaled, places) {
  const digits = String(Math.abs(scaled)).padStart(places + 1, '0');
  const tail = digits.slice(-places).replace(/0+$/, '');
  return `${scaled < 0 ? '-' : ''}${digits.slice(0, -places)}${tail ? `.${tail}` : ''}`;
}

/** @param {any} input @param {any} value @returns {Control} */
function numeric(input, value) {
  input.value = spelled(value);
  return { node: input, read: () => (input.value === '' ? null : Number(input.value)) };
}

/** @param {any} input @param {any} value @returns {Control} */
function dated(input, value) {
  input.value = spelled(value);
  return { node: input, read: () => (input.value === '' ? null : { $date: input.value }) };
}

/** @param {any} input @param {Field} field @param {string} id */
function suggested(input, field, id) {
  if (field.suggest && field.suggest.length > 0) input.setAttribute('list', `${id}-list`);
  return input;
}

/** `15m`, `2h`, `3d` as a number and a unit. @param {any} value @param {string} id @param {any} board @returns {Control} */
function span(value, id, board) {
  const [, number = '', unit = 'h'] = /^(\d+)([smhdw])$/.exec(String(value ?? '').trim()) ?? [];
  const input = h('input.form-control', { id, type: 'number', min: 0, step: 1, value: number });
  const select = h('select.form-select', { 'aria-label': board.t('robots-unit') }, unitOptions(board, true));
  select.value = unit;
  return { node: h('div.rb-span', {}, input, select), read: () => (input.value === '' ? null : `${Number(input.value)}${select.value}`) };
}

/** @param {any} board @param {boolean} weeks */
export function unitOptions(board, weeks) {
  const units = ['s', 'm', 'h', 'd', ...(weeks ? ['w'] : [])];
  return units.map((unit) => h('option', { value: unit }, board.t(`robots-unit-${unit}`)));
}

/** A text with holes and the picker that inserts them. @param {Field} field @param {any} value @param {any} board @param {string} id @returns {Control} */
function pattern(field, value, board, id) {
  const area = h('textarea.form-control', { id, rows: String(value ?? '').length > 90 || /text|body|description/.test(field.code) ? 4 : 2, spellcheck: true });
  area.value = spelled(value);
  const list = h('div.rb-holes', { role: 'listbox', 'aria-label': board.t('robots-insert'), hidden: true });
  const search = h('input.form-control.form-control-sm', { type: 'search', placeholder: board.t('robots-search'), 'aria-label': board.t('robots-search') });
  const options = h('div.rb-holes-list');
  list.append(search, options);
  const draw = () => {
    const needle = search.value.trim().toLowerCase();
    const found = board.placeholders.filter((/** @type {any} */ one) => `${one.search}`.includes(needle));
    options.replaceChildren(
      ...found.map((/** @type {any} */ one) =>
        h('button.rb-hole', { type: 'button', role: 'option', 'aria-selected': 'false', on: { click: () => insert(one.hole) } }, h('span', {}, one.title), h('code', {}, one.hole)),
      ),
    );
  };
  const insert = (/** @type {string} */ hole) => {
    area.setRangeText(hole, area.selectionStart, area.selectionEnd, 'end');
    toggle(false);
    area.focus();
  };
  const toggle = (/** @type {boolean} */ open) => {
    list.hidden = !open;
    button.setAttribute('aria-expanded', String(open));
    if (open) {
      draw();
      search.focus();
    }
  };
  const button = h('button.btn.btn-sm.rb-insert', { type: 'button', title: board.t('robots-insert'), 'aria-label': board.t('robots-insert'), 'aria-expanded': 'false', on: { click: () => toggle(list.hidden) } }, icon('braces'));
  search.addEventListener('input', draw);
  list.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    toggle(false);
    button.focus();
  });
  return { node: h('div.rb-pattern', {}, area, button, list), read: () => (area.value.trim() === '' ? null : area.value) };
}

/** Named answers inside one answer; several rows when the field takes several. @param {Field} field @param {any} value @param {any} board @param {string} id @param {string} path @returns {Control} */
function records(field, value, board, id, path) {
  /** @type {{node: HTMLElement, read: () => any}[]} */
  const rows = [];
  const holder = h('div.rb-records', { id, role: 'group', 'aria-label': field.title });
  const add = (/** @type {any} */ given) => {
    const at = rows.length;
    const controls = (field.fields ?? []).map((one) => ({ code: one.code, control: fieldControl(one, given?.[one.code], board, `${path}.${at}.${one.code}`) }));
    const row = {
      node: h('div.rb-record', {}, controls.map((one) => one.control.node)),
      read: () => {
        const answer = Object.fromEntries(controls.map((one) => [one.code, one.control.read()]).filter(([, one]) => one !== null));
        return Object.keys(answer).length > 0 ? answer : null;
      },
    };
    if (field.multiple) {
      row.node.append(
        h('button.btn.btn-sm.btn-ghost-danger', { type: 'button', 'aria-label': board.t('robots-remove-row'), on: { click: () => { rows.splice(rows.indexOf(row), 1); row.node.remove(); } } }, icon('close')),
      );
    }
    rows.push(row);
    holder.append(row.node);
  };
  const given = Array.isArray(value) ? value : value ? [value] : [];
  if (!field.multiple) add(given[0]);
  else given.forEach(add);
  const node = h('div', {}, holder);
  if (field.multiple) node.append(h('button.btn.btn-sm', { type: 'button', on: { click: () => add(null) } }, icon('plus'), board.t('robots-add-row')));
  return {
    node,
    read: () => {
      const list = rows.map((row) => row.read()).filter((one) => one !== null);
      if (field.multiple) return list.length > 0 ? list : null;
      return list[0] ?? null;
    },
  };
}
