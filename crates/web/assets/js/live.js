// @ts-check
// The live stream of this page: `vekha:live` for every event, `vekha:resync` when the page has to be read anew.
import { page, signedOut } from './base.js';

/** @param {string} name @param {any} [detail] */
const say = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

/** @param {any} message */
function take(message) {
  if (message.type === 'event' && message.told.seq > page.seq) say('vekha:live', message.told);
  if (message.type === 'resync') say('vekha:resync');
  if (message.type === 'signed-out') signedOut();
  if (message.type === 'state') state(message.alive);
}

/** @type {any} */ let warning;
/** @param {boolean} alive */
function state(alive) {
  const sign = document.querySelector('[data-live-state]');
  clearTimeout(warning);
  document.documentElement.dataset.live = alive ? 'on' : 'off';
  if (!sign) return;
  if (alive) sign.setAttribute('hidden', '');
  else warning = setTimeout(() => sign.removeAttribute('hidden'), 4000);
}

/** Without shared workers (Chrome on Android): a stream of its own. */
function alone() {
  let last = page.seq;
  const open = () => {
    const source = new EventSource(`/live?after=${last}`);
    source.addEventListener('message', (event) => {
      const told = JSON.parse(event.data);
      if (told.seq <= last) return;
      last = told.seq;
      take({ type: 'event', told });
    });
    source.addEventListener('resync', (event) => {
      last = Number(/** @type {MessageEvent} */ (event).data);
      take({ type: 'resync' });
    });
    source.addEventListener('hello', () => state(true));
    source.onerror = () => {
      state(false);
      if (source.readyState !== EventSource.CLOSED) return;
      source.close();
      setTimeout(open, 3000);
    };
  };
  open();
}

export function listen() {
  if (!page.user) return;
  if (typeof SharedWorker === 'undefined') return alone();
  const worker = new SharedWorker(`${page.assets}/js/live-worker.js`, { name: 'vekha-live' });
  worker.onerror = () => alone();
  worker.port.onmessage = (event) => take(event.data);
  worker.port.start();
  const hello = () => worker.port.postMessage({ type: 'hello', user: page.user, seq: page.seq });
  hello();
  addEventListener('pagehide', () => worker.port.postMessage({ type: 'bye' }));
  // A page that comes back from the browser's memory may be old.
  addEventListener('pageshow', (event) => {
    if (event.persisted) location.reload();
  });
}
