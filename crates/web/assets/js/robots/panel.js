// @ts-check
// The panel at the right: what a rule is called, when it works, for which items, and its settings.
import { h, icon } from './dom.js';
import { fieldControl, freshId, unitOptions } from './field.js';
import { conditionEditor } from './condition.js';

const SECONDS = { s: 1, m: 60, h: 3600, d: 86400 };

/**
 * Draws the form of a rule.
 * @param {{rule: any, about: any, stage: any, board: any, isNew: boolean, onSave: (rule: any) => Promise<void>, onClose: () => void, onDelete: () => void, onLog: () => void, onWhy: () => void}} given
 * @returns {HTMLElement}
 */
export function drawPanel(given) {
  const { rule, about, stage, board, isNew } = given;
  const robot = rule.kind === 'robot';
  const title = fieldControl({ code: 'title', title: board.t('robots-name'), help: '', kind: 'text', required: true, multiple: false, default: null }, rule.title, board, 'title');
  const timing = robot ? timingEditor(rule.timing, board) : null;
  const lane = robot ? laneEditor(rule.lane, board) : null;
  const condition = conditionEditor(rule.condition, board);
  const settings = about.settings.map((/** @type {any} */ field) => ({ code: field.code, control: fieldControl(field, rule.settings?.[field.code], board, `settings.${field.code}`) }));
  const survives = robot ? box(board.t('robots-survives'), board.t('robots-survives-help'), rule.survives) : null;
  const back = robot ? null : box(board.t('robots-allow-back'), board.t('robots-allow-back-help'), rule.allow_back);
  const ignore = robot ? null : box(board.t('robots-ignore-rules'), board.t('robots-ignore-rules-help'), rule.ignore_rules);
  const enabled = box(board.t('robots-enabled'), '', rule.enabled);
  const general = h('div.alert.alert-danger', { role: 'alert', hidden: true, data: { errorFor: '' } });

  const read = () => ({
    ...rule,
    title: (title.read() ?? '').trim(),
    timing: timing ? timing.read() : rule.timing,
    lane: lane ? lane.read() : rule.lane,
    condition: condition.read(),
    settings: Object.fromEntries(settings.map((/** @type {any} */ one) => [one.code, one.control.read()]).filter((/** @type {any} */ [, value]) => value !== null)),
    survives: survives ? survives.read() : rule.survives,
    allow_back: back ? back.read() : rule.allow_back,
    ignore_rules: ignore ? ignore.read() : rule.ignore_rules,
    enabled: enabled.read(),
  });

  const save = h('button.btn.btn-primary', { type: 'submit' }, board.t('robots-save'));
  const form = h(
    'form.rb-form',
    {
      novalidate: true,
      on: {
        submit: async (/** @type {Event} */ event) => {
          event.preventDefault();
          clearErrors(form);
          save.disabled = true;
          try {
            await given.onSave(read());
          } catch (error) {
            showErrors(form, /** @type {any} */ (error));
          } finally {
            save.disabled = false;
          }
        },
      },
    },
    general,
    title.node,
    section(board.t('robots-when'), 'rb-section-when', timing?.node, lane?.node, robot ? null : h('p.text-secondary', {}, about.help)),
    section(board.t('robots-condition'), '', h('div', { data: { field: 'condition' } }, condition.node, h('div.invalid-feedback', { data: { errorFor: 'condition' } }))),
    section(about.title, '', robot && about.help ? h('p.text-secondary', {}, about.help) : null, settings.length > 0 ? settings.map((/** @type {any} */ one) => one.control.node) : h('p.text-secondary', {}, board.t('robots-no-settings'))),
    section(board.t('robots-more'), '', survives?.node, back?.node, ignore?.node, enabled.node),
    h('div.rb-panel-foot', {}, save, h('button.btn', { type: 'button', on: { click: given.onClose } }, board.t('robots-cancel')), isNew ? null : h('button.btn.btn-ghost-danger.ms-auto', { type: 'button', on: { click: given.onDelete } }, icon('trash'), board.t('robots-delete'))),
  );
  const kind = board.t(robot ? 'robots-one-robot' : 'robots-one-trigger');
  return h(
    'aside.rb-panel',
    { role: 'dialog', 'aria-modal': 'false', 'aria-label': `${kind}: ${rule.title}` },
    h(
      'header.rb-panel-head',
      {},
      h('div', {}, h('div.rb-panel-kind', {}, `${kind} · ${stage.title}`), h('h2', {}, rule.title || about.title)),
      isNew ? null : h('button.btn.btn-icon', { type: 'button', title: board.t('robots-log'), 'aria-label': board.t('robots-log'), on: { click: given.onLog } }, icon('log')),
      isNew ? null : h('button.btn.btn-icon', { type: 'button', title: board.t('robots-why'), 'aria-label': board.t('robots-why'), on: { click: given.onWhy } }, icon('why')),
      h('button.btn.btn-icon', { type: 'button', 'aria-label': board.t('robots-close'), on: { click: given.onClose } }, icon('close')),
    ),
    form,
  );
}

/** @param {string} title @param {string} id @param {...any} children */
function section(title, id, ...children) {
  const heading = freshId();
  return h('section.rb-section', { id: id || null, 'aria-labelledby': heading }, h('h3', { id: heading }, title), children);
}

/** @param {string} title @param {string} help @param {boolean} value */
function box(title, help, value) {
  const input = h('input.form-check-input', { type: 'checkbox', checked: value === true });
  return { node: h('label.form-check', {}, input, h('span.form-check-label', {}, title), help ? h('span.form-check-description', {}, help) : null), read: () => input.checked };
}

/** @param {any} timing @param {any} board */
function timingEditor(timing, board) {
  const kind = h('select.form-select', { 'aria-label': board.t('robots-when') }, ['at_once', 'after', 'before', 'after_field'].map((one) => h('option', { value: one }, board.t(`robots-when-${one}`))));
  kind.value = timing?.when ?? 'at_once';
  const [number, unit] = spanOf(timing?.seconds ?? 3600);
  const amount = h('input.form-control', { type: 'number', min: 0, step: 1, value: number, 'aria-label': board.t('robots-amount') });
  const units = h('select.form-select', { 'aria-label': board.t('robots-unit') }, unitOptions(board, false));
  units.value = unit;
  const dates = board.fields.filter((/** @type {any} */ one) => one.kind === 'date' || one.kind === 'moment');
  const field = h('select.form-select', { 'aria-label': board.t('robots-when-field') }, dates.map((/** @type {any} */ one) => h('option', { value: one.code }, one.title)));
  if (timing?.field) {
    if (!dates.some((/** @type {any} */ one) => one.code === timing.field)) field.append(h('option', { value: timing.field }, `${timing.field} ?`));
    field.value = timing.field;
  }
  const span = h('div.rb-span', {}, amount, units);
  const show = () => {
    span.hidden = kind.value === 'at_once';
    field.hidden = !['before', 'after_field'].includes(kind.value);
  };
  kind.addEventListener('change', show);
  show();
  const error = h('div.invalid-feedback', { data: { errorFor: 'timing' } });
  return {
    node: h('div.rb-timing', { data: { field: 'timing' } }, kind, span, field, error),
    read: () => {
      const seconds = Math.max(0, Math.round(Number(amount.value) || 0)) * SECONDS[/** @type {'s'} */ (units.value)];
      if (kind.value === 'at_once') return { when: 'at_once' };
      if (kind.value === 'after') return { when: 'after', seconds };
      return { when: kind.value, field: field.value, seconds };
    },
  };
}

/** The largest unit that expresses the seconds without a rest. @param {number} seconds @returns {[number, string]} */
function spanOf(seconds) {
  for (const unit of /** @type {const} */ (['d', 'h', 'm'])) if (seconds > 0 && seconds % SECONDS[unit] === 0) return [seconds / SECONDS[unit], unit];
  return [seconds, 's'];
}

/** @param {string} lane @param {any} board */
function laneEditor(lane, board) {
  const name = freshId();
  const radio = (/** @type {string} */ value) => h('input.form-check-input', { type: 'radio', name, value, checked: (lane ?? 'parallel') === value });
  const inputs = [radio('parallel'), radio('wait')];
  return {
    node: h('div', { role: 'radiogroup', 'aria-label': board.t('robots-lane') }, inputs.map((input) => h('label.form-check', {}, input, h('span.form-check-label', {}, board.t(`robots-lane-${input.value}`))))),
    read: () => inputs.find((input) => input.checked)?.value ?? 'parallel',
  };
}

/** @param {HTMLElement} form */
function clearErrors(form) {
  for (const node of form.querySelectorAll('[data-error-for]')) {
    node.textContent = '';
    node.classList.remove('d-block');
    if (node.classList.contains('alert')) /** @type {any} */ (node).hidden = true;
  }
  for (const node of form.querySelectorAll('.is-invalid')) node.classList.remove('is-invalid');
}

/** Puts every reason at its field; what belongs to none stands on top. @param {HTMLElement} form @param {any} error */
function showErrors(form, error) {
  const left = [];
  let first = null;
  for (const { path, text } of error.fields ?? []) {
    const place = [...form.querySelectorAll('[data-error-for]')].find((node) => path !== '' && /** @type {any} */ (node).dataset.errorFor === path);
    if (!place) {
      left.push(text);
      continue;
    }
    place.textContent = text;
    place.classList.add('d-block');
    const input = place.parentElement?.querySelector('input, select, textarea');
    input?.classList.add('is-invalid');
    input?.setAttribute('aria-invalid', 'true');
    first ??= input;
  }
  if (left.length > 0 || (error.fields ?? []).length === 0) {
    const general = /** @type {any} */ (form.querySelector('.alert[data-error-for=""]'));
    general.textContent = left.length > 0 ? left.join('; ') : error.message;
    general.hidden = false;
    general.scrollIntoView({ block: 'nearest' });
  }
  /** @type {any} */ (first)?.focus();
}
