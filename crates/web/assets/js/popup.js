// @ts-check
// A client came: a card jumps up with a sound, within a second. Several wait for their turn.
import { ask, awake, note, page, piece, sorry, t } from './base.js';
import { slide } from './slider.js';

/** @type {number[]} */ const queue = [];
/** @type {Set<number>} */ const seen = new Set();
/** @type {number | null} */ let shown = null;
/** @type {AudioContext | null} */ let audio = null;
const others = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('vekha-popups');

function context() {
  if (!audio && typeof AudioContext !== 'undefined') audio = new AudioContext();
  return audio;
}

/** Two short tones, twice: heard in an office, no file needed. */
function ring() {
  const sound = context();
  if (!sound || sound.state !== 'running') return;
  const now = sound.currentTime;
  [[0, 784], [0.16, 1047], [0.6, 784], [0.76, 1047]].forEach(([at, tone]) => {
    const wave = sound.createOscillator();
    const loud = sound.createGain();
    wave.type = 'sine';
    wave.frequency.value = tone;
    loud.gain.setValueAtTime(0.0001, now + at);
    loud.gain.exponentialRampToValueAtTime(0.35, now + at + 0.02);
    loud.gain.exponentialRampToValueAtTime(0.0001, now + at + 0.3);
    wave.connect(loud).connect(sound.destination);
    wave.start(now + at);
    wave.stop(now + at + 0.32);
  });
  document.documentElement.dataset.rang = String(Number(document.documentElement.dataset.rang ?? 0) + 1);
}

/** Of several tabs only one rings. @param {number} id */
function ringOnce(id) {
  if (context()?.state !== 'running') return;
  if (!navigator.locks) return ring();
  navigator.locks.request(`vekha-ring-${id}`, { ifAvailable: true }, async (lock) => {
    if (!lock) return;
    ring();
    await new Promise((done) => setTimeout(done, 4000));
  });
}

function offerSound() {
  const button = /** @type {HTMLElement | null} */ (document.querySelector('[data-sound]'));
  const sound = context();
  if (!button || !sound) return;
  const look = () => {
    button.hidden = sound.state === 'running';
  };
  sound.onstatechange = look;
  // Coming from the door by a click, most browsers let the sound through at once.
  sound.resume().catch(() => {});
  setTimeout(look, 300);
  const wake = () => {
    if (sound.state !== 'running') sound.resume().catch(() => {});
  };
  addEventListener('pointerdown', wake);
  addEventListener('keydown', wake);
  button.addEventListener('click', () => sound.resume().then(() => {
    look();
    ring();
    note(t('sound-on'));
  }));
}

/** @param {number} id */
function come(id) {
  if (seen.has(id)) return;
  seen.add(id);
  queue.push(id);
  ringOnce(id);
  if (shown === null) next();
  else tellMore();
}

function tellMore() {
  const sign = /** @type {HTMLElement | null} */ (document.querySelector('[data-popup-more]'));
  if (!sign) return;
  sign.hidden = queue.length === 0;
  sign.textContent = t('more-popups', { n: queue.length });
}

async function next() {
  const box = document.getElementById('popups');
  const id = queue.shift();
  shown = id ?? null;
  box?.replaceChildren();
  if (id === undefined || !box) return;
  try {
    const html = await ask(`/popup/${id}`);
    if (shown !== id) return;
    box.replaceChildren(piece(html));
    awake(box);
    tellMore();
  } catch (error) {
    sorry(error);
    if (shown === id) next();
  }
}

/** @param {number} id @param {boolean} [told] */
function done(id, told = true) {
  if (told) {
    others?.postMessage(id);
    ask(`/notices/${id}/read`, { post: {} }).catch(() => {});
  }
  seen.add(id);
  const at = queue.indexOf(id);
  if (at >= 0) queue.splice(at, 1);
  if (shown === id) next();
  else tellMore();
}

/** @param {HTMLElement} popup @param {string} stage */
async function takeOn(popup, stage) {
  const { slug, id, popup: notice } = popup.dataset;
  try {
    await ask(`/${slug}/${id}/move`, { post: { stage } });
    note(t('taken'));
    done(Number(notice));
    slide(`/${slug}/${id}`);
  } catch (error) {
    sorry(error);
  }
}

export function start() {
  if (!page.user) return;
  offerSound();
  document.addEventListener('vekha:live', (event) => {
    const told = /** @type {CustomEvent} */ (event).detail;
    if (told.fact === 'notified' && told.popup && told.user === page.user) come(Number(told.item.split(':')[1]));
  });
  if (others) others.onmessage = (event) => done(Number(event.data), false);
  document.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const popup = /** @type {HTMLElement | null | undefined} */ (target?.closest('[data-popup]'));
    if (!target || !popup) return;
    const take = target.closest('[data-popup-take]');
    if (take) takeOn(popup, take.getAttribute('data-popup-take') ?? '');
    else if (target.closest('[data-popup-close], [data-popup-open]')) done(Number(popup.dataset.popup));
  });
}
