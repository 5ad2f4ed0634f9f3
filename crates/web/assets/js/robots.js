// @ts-check
// The robots page: <vekha-robots src="/api/robots/board?kind=deal&pipeline=1">.
// Every change publishes the touched stages' next versions at once; Ctrl+Z publishes what stood before.
import { ask, h } from './robots/dom.js';
import { drawBoard } from './robots/card.js';
import { drawPanel } from './robots/panel.js';
import { pickFromCatalogue } from './robots/catalogue.js';
import { drawLog } from './robots/log.js';

const UNDO_STEPS = 50;
const PHONE = '(max-width: 767px)';

class VekhaRobots extends HTMLElement {
  /** @type {any} */ board = null;
  /** @type {{stages: {id: number, rules: any[]}[], focus: string}[]} */ undo = [];
  /** @type {HTMLElement | null} */ panel = null;
  /** Changes are published one after the other. */
  busy = Promise.resolve();
  /** @type {any[]} */ sortables = [];

  connectedCallback() {
    this.phone = window.matchMedia(PHONE);
    this.phone.addEventListener('change', () => this.draw());
    this.addEventListener('keydown', (event) => this.onKey(event));
    this.onUndo = (/** @type {KeyboardEvent} */ event) => {
      const typing = event.target instanceof Element && event.target.closest('input, textarea, select, [contenteditable]');
      if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.code === 'KeyZ' && !typing) {
        event.preventDefault();
        this.takeBack();
      }
    };
    document.addEventListener('keydown', this.onUndo);
    this.load();
  }

  disconnectedCallback() {
    if (this.onUndo) document.removeEventListener('keydown', this.onUndo);
  }

  get readOnly() {
    return this.phone?.matches ?? false;
  }

  async load() {
    try {
      const board = await ask(this.getAttribute('src') ?? '');
      board.t = (/** @type {string} */ key) => board.texts[key] ?? key;
      board.stages.forEach(keyed);
      this.board = board;
      this.draw();
    } catch (error) {
      this.replaceChildren(h('div.alert.alert-danger.m-3', { role: 'alert' }, /** @type {Error} */ (error).message));
    }
  }

  /** Draws everything anew; scroll and focus stay. */
  draw() {
    if (!this.board) return;
    const old = this.querySelector('.rb-scroller');
    const [left, top] = [old?.scrollLeft ?? 0, old?.scrollTop ?? 0];
    const focused = this.querySelector('.rb-card:focus')?.getAttribute('data-key') ?? '';
    const acts = {
      add: (/** @type {any} */ stage, /** @type {any} */ band) => this.add(stage, band),
      edit: (/** @type {any} */ stage, /** @type {any} */ view, /** @type {any} */ part) => this.edit(stage, view, part),
      copy: (/** @type {any} */ stage, /** @type {any} */ view) => this.copy(stage, view),
      toggle: (/** @type {any} */ stage, /** @type {any} */ view) => this.change(stage, this.rulesOf(stage).map((rule, at) => (stage.rules[at] === view ? { ...rule, enabled: !rule.enabled } : rule))),
      remove: (/** @type {any} */ stage, /** @type {any} */ view) => this.remove(stage, view),
      log: (/** @type {any} */ stage, /** @type {any} */ view) => this.log(stage, view, false),
    };
    const scroller = h('div.rb-scroller', { tabindex: -1 }, drawBoard(this.board, acts, this.readOnly));
    this.status ??= h('div.visually-hidden', { role: 'status' });
    this.sortables.forEach((one) => one.destroy());
    this.sortables = [];
    this.replaceChildren(scroller, this.status, ...(this.panel ? [this.panel] : []));
    this.classList.toggle('rb-open', this.panel !== null);
    scroller.scrollTo(left, top);
    if (focused) this.focusCard(focused);
    if (!this.readOnly) this.makeSortable();
  }

  makeSortable() {
    const Sortable = /** @type {any} */ (window).Sortable;
    if (!Sortable) return;
    for (const band of ['trigger', 'robot']) {
      for (const list of this.querySelectorAll(`.rb-list[data-band="${band}"]`)) {
        this.sortables.push(
          Sortable.create(list, {
            group: band,
            animation: 120,
            delayOnTouchOnly: true,
            delay: 150,
            filter: 'button',
            preventOnFilter: false,
            ghostClass: 'rb-ghost',
            onEnd: (/** @type {any} */ event) => this.dropped(event),
          }),
        );
      }
    }
  }

  /** @param {any} event */
  dropped(event) {
    const from = this.stageOf(Number(event.from.dataset.stage));
    const to = this.stageOf(Number(event.to.dataset.stage));
    const view = from?.rules.find((/** @type {any} */ one) => one.key === event.item.dataset.key);
    if (!from || !to || !view || (from === to && event.oldDraggableIndex === event.newDraggableIndex)) return;
    this.moveTo(view, from, to, event.newDraggableIndex);
  }

  /** Puts a rule at a place among those of its band. @param {any} view @param {any} from @param {any} to @param {number} place */
  moveTo(view, from, to, place) {
    const rest = (from === to ? from : to).rules.filter((/** @type {any} */ one) => one !== view);
    const band = rest.filter((/** @type {any} */ one) => one.rule.kind === view.rule.kind);
    const other = rest.filter((/** @type {any} */ one) => one.rule.kind !== view.rule.kind);
    band.splice(Math.max(0, Math.min(place, band.length)), 0, view);
    const ordered = (view.rule.kind === 'trigger' ? [...band, ...other] : [...other, ...band]).map((one) => one.rule);
    const stages = [{ id: to.id, rules: ordered }];
    if (from !== to) stages.push({ id: from.id, rules: from.rules.filter((/** @type {any} */ one) => one !== view).map((/** @type {any} */ one) => one.rule) });
    this.publish(stages, view.key).catch((error) => this.complain(error));
  }

  /** @param {number} id @returns {any} */
  stageOf(id) {
    return this.board.stages.find((/** @type {any} */ stage) => stage.id === id);
  }

  /** @param {any} stage @returns {any[]} */
  rulesOf(stage) {
    return stage.rules.map((/** @type {any} */ view) => view.rule);
  }

  /**
   * Publishes stages; the server answers with how they stand now.
   * @param {{id: number, rules: any[]}[]} stages @param {string} [focus] key of the card to focus afterwards @param {boolean} [remember]
   * @returns {Promise<void>}
   */
  publish(stages, focus = '', remember = true) {
    const work = this.busy.then(async () => {
      const before = stages.map(({ id }) => ({ id, rules: this.rulesOf(this.stageOf(id)) }));
      const body = { kind: this.board.kind.code, stages: stages.map(({ id, rules }) => ({ stage: id, version: this.stageOf(id).version, rules })) };
      const answer = await ask('/api/robots/publish', body);
      if (remember) {
        this.undo.push({ stages: before, focus });
        if (this.undo.length > UNDO_STEPS) this.undo.shift();
      }
      for (const fresh of answer.stages) {
        keyed(fresh);
        Object.assign(this.stageOf(fresh.id), fresh);
      }
      this.draw();
      if (focus) this.focusCard(focus);
      if (this.status) this.status.textContent = this.board.t('robots-saved');
    });
    this.busy = work.catch(() => undefined);
    return work;
  }

  /** @param {any} stage @param {any[]} rules @param {string} [focus] */
  change(stage, rules, focus) {
    return this.publish([{ id: stage.id, rules }], focus).catch((error) => this.complain(error));
  }

  async takeBack() {
    const last = this.undo.pop();
    if (!last) return;
    try {
      await this.publish(last.stages, last.focus, false);
    } catch (error) {
      this.complain(error);
    }
  }

  /** Shows what the server refused. A stale board is loaded anew. @param {any} error */
  complain(error) {
    document.querySelector('.rb-toast')?.remove();
    const toast = h('div.rb-toast.alert.alert-danger', { role: 'alert' }, error.message);
    document.body.append(toast);
    setTimeout(() => toast.remove(), 8000);
    if (error.code === 'stale_program') {
      this.undo = [];
      this.load();
    } else this.draw();
  }

  /** @param {any} rule @returns {any} */
  aboutOf(rule) {
    const list = rule.kind === 'trigger' ? this.board.triggers : this.board.robots;
    return list.find((/** @type {any} */ one) => one.code === rule.code) ?? { code: rule.code, title: rule.code, help: '', settings: [] };
  }

  /** @param {any} stage @param {'trigger' | 'robot'} band */
  async add(stage, band) {
    const about = await pickFromCatalogue(this.board, band, stage);
    if (!about) return;
    const settings = Object.fromEntries(about.settings.filter((/** @type {any} */ field) => field.default !== null).map((/** @type {any} */ field) => [field.code, field.default]));
    const rule = { id: 0, kind: band, code: about.code, title: about.title, settings, condition: 'any', timing: { when: 'at_once' }, lane: 'parallel', survives: false, allow_back: false, ignore_rules: false, enabled: true };
    this.openPanel(stage, rule, null);
  }

  /** @param {any} stage @param {any} view @param {string} [part] */
  edit(stage, view, part) {
    this.openPanel(stage, view.rule, view);
    if (part === 'when') /** @type {any} */ (this.panel?.querySelector('#rb-section-when select'))?.focus();
  }

  /** @param {any} stage @param {any} rule @param {any} view `null` for a new one */
  openPanel(stage, rule, view) {
    const about = this.aboutOf(rule);
    const back = view?.key ?? '';
    this.show(
      drawPanel({
        rule,
        about,
        stage,
        board: this.board,
        isNew: view === null,
        onSave: async (changed) => {
          // The board may have been drawn anew since: the rule is found by its key.
          const current = this.stageOf(stage.id);
          const at = view ? current.rules.findIndex((/** @type {any} */ one) => one.key === view.key) : -1;
          const rules = this.rulesOf(current);
          if (at >= 0) rules[at] = changed;
          else rules.push(changed);
          await this.publish([{ id: stage.id, rules }]).catch((error) => {
            throw addressed(error, `${stage.id}/${rules.indexOf(changed)}/`, rules);
          });
          this.hide();
          const saved = view?.key ?? this.stageOf(stage.id).rules.findLast((/** @type {any} */ one) => one.rule.kind === rule.kind)?.key;
          if (saved) this.focusCard(saved);
        },
        onClose: () => {
          this.hide();
          if (back) this.focusCard(back);
        },
        onDelete: () => {
          this.hide();
          this.remove(this.stageOf(stage.id), view);
        },
        onLog: () => this.log(stage, view, false),
        onWhy: () => this.log(stage, view, true),
      }),
    );
    /** @type {any} */ (this.panel?.querySelector('form input, form select, form textarea'))?.focus({ preventScroll: true });
    // The panel must not hide what is being changed.
    [...this.querySelectorAll('.rb-card')].find((one) => one.getAttribute('data-key') === back)?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  /** @param {any} stage @param {any} view */
  copy(stage, view) {
    const rules = this.rulesOf(stage);
    const at = stage.rules.indexOf(view);
    rules.splice(at + 1, 0, { ...view.rule, id: 0, title: `${view.rule.title} ${this.board.t('robots-copy-suffix')}` });
    this.change(stage, rules);
  }

  /** @param {any} stage @param {any} view */
  remove(stage, view) {
    const at = stage.rules.findIndex((/** @type {any} */ one) => one.key === view.key);
    const next = stage.rules[at + 1] ?? stage.rules[at - 1];
    this.change(stage, this.rulesOf(stage).filter((_, place) => place !== at), next?.key).then(() => {
      if (this.status) this.status.textContent = this.board.t('robots-deleted');
    });
  }

  /** @param {any} stage @param {any} view @param {boolean} why */
  log(stage, view, why) {
    this.show(drawLog({ view, stage, board: this.board, why, onClose: () => { this.hide(); this.focusCard(view.key); } }));
    if (!why) /** @type {any} */ (this.panel?.querySelector('header button'))?.focus();
  }

  /** @param {HTMLElement} panel */
  show(panel) {
    this.panel?.remove();
    this.panel = panel;
    this.append(panel);
    this.classList.add('rb-open');
  }

  hide() {
    this.panel?.remove();
    this.panel = null;
    this.classList.remove('rb-open');
  }

  /** @param {string} key */
  focusCard(key) {
    const card = [...this.querySelectorAll('.rb-card')].find((one) => one.getAttribute('data-key') === key);
    /** @type {any} */ (card)?.focus({ preventScroll: false });
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    if (event.key === 'Escape' && this.panel) {
      /** @type {any} */ (this.panel.querySelector('header button:last-child'))?.click();
      event.stopPropagation();
      return;
    }
    const card = event.target instanceof Element && event.target.matches('.rb-card') ? event.target : null;
    if (!card || event.ctrlKey || event.metaKey) return;
    const cell = /** @type {HTMLElement} */ (card.closest('.rb-list'));
    const stage = this.stageOf(Number(cell.dataset.stage));
    const view = stage?.rules.find((/** @type {any} */ one) => one.key === card.getAttribute('data-key'));
    if (!view) return;
    const arrow = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
    if (arrow) {
      event.preventDefault();
      if (event.altKey) this.carry(view, stage, arrow);
      else this.step(card, cell, arrow);
      return;
    }
    if (event.altKey) return;
    if (event.key === ' ') this.change(stage, this.rulesOf(stage).map((rule, at) => (stage.rules[at] === view ? { ...rule, enabled: !rule.enabled } : rule)), view.key);
    else if (this.readOnly) return;
    else if (event.key === 'Enter') this.edit(stage, view);
    else if (event.key === 'Delete') this.remove(stage, view);
    else if (event.code === 'KeyC') this.copy(stage, view);
    else if (event.code === 'KeyL' && view.rule.id) this.log(stage, view, false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Moves the focus. @param {Element} card @param {HTMLElement} cell @param {number[]} arrow */
  step(card, cell, [across, down]) {
    const cards = [...cell.querySelectorAll('.rb-card')];
    const at = cards.indexOf(card);
    if (down !== 0) {
      const other = cell.dataset.band === 'trigger' ? 'robot' : 'trigger';
      const beyond = [...this.querySelectorAll(`.rb-list[data-band="${other}"][data-stage="${cell.dataset.stage}"] .rb-card`)];
      const next = cards[at + down] ?? (down > 0 && other === 'robot' ? beyond[0] : down < 0 && other === 'trigger' ? beyond.at(-1) : null);
      /** @type {any} */ (next)?.focus();
      return;
    }
    const lists = [...this.querySelectorAll(`.rb-list[data-band="${cell.dataset.band}"]`)];
    for (let place = lists.indexOf(cell) + across; place >= 0 && place < lists.length; place += across) {
      const there = lists[place].querySelectorAll('.rb-card');
      if (there.length > 0) {
        /** @type {any} */ (there[Math.min(at, there.length - 1)]).focus();
        return;
      }
    }
  }

  /** Moves the card by keyboard. @param {any} view @param {any} stage @param {number[]} arrow */
  carry(view, stage, [across, down]) {
    if (this.readOnly) return;
    const place = stage.rules.filter((/** @type {any} */ one) => one.rule.kind === view.rule.kind).indexOf(view);
    const to = this.board.stages[this.board.stages.indexOf(stage) + across];
    if (to && (across !== 0 || place + down >= 0)) this.moveTo(view, stage, to, place + down);
  }
}

/**
 * The server points at `stage/place/path`: the form knows only the paths of its own rule; what is wrong with others gets their names.
 * @param {any} error @param {string} own @param {any[]} rules
 */
function addressed(error, own, rules) {
  for (const field of error.fields ?? []) {
    if (field.path.startsWith(own)) {
      // The form stands under the rule's name already: the reason need not repeat it.
      const { title } = rules[Number(own.split('/')[1])];
      for (const prefix of [`«${title}»: `, `${title}: `]) if (field.text.startsWith(prefix)) field.text = field.text.slice(prefix.length);
      field.path = field.path.slice(own.length);
    }
    else field.path = '';
  }
  return error;
}

/** Gives every rule of a stage a key by which it is found again after it was drawn anew. @param {any} stage */
function keyed(stage) {
  stage.rules.forEach((/** @type {any} */ view, /** @type {number} */ at) => {
    view.key = view.rule.id ? `r${view.rule.id}` : `${stage.id}-${at}`;
  });
}

document.querySelector('[data-submit-on-change]')?.addEventListener('change', (event) => /** @type {any} */ (event.target).form.submit());

customElements.define('vekha-robots', VekhaRobots);
