// One stream of events for all tabs of this browser. A tab says who looks and how far its page had read; it gets what
// came since, or is told to read its page anew.
const KEPT = 500;
const SILENCE = 45_000;
/** @type {Set<MessagePort>} */ const ports = new Set();
/** @type {any[]} */ let recent = [];
/** @type {EventSource | null} */ let source = null;
let user = 0;
let from = 0;
let last = 0;
let heard = Date.now();
let alive = false;

const tell = (message) => ports.forEach((port) => port.postMessage(message));

function state(now) {
  if (alive === now) return;
  alive = now;
  tell({ type: 'state', alive });
}

function open() {
  source?.close();
  heard = Date.now();
  const mine = new EventSource(`/live?after=${last}`);
  source = mine;
  const listen = (name, act) =>
    mine.addEventListener(name, (event) => {
      if (source !== mine) return;
      heard = Date.now();
      state(true);
      act(event);
    });
  listen('hello', () => {});
  listen('beat', () => {});
  listen('resync', (event) => {
    last = Number(event.data);
    from = last;
    recent = [];
    tell({ type: 'resync' });
  });
  listen('message', (event) => {
    const told = JSON.parse(event.data);
    if (told.seq <= last) return;
    last = told.seq;
    recent.push(told);
    if (recent.length > KEPT) from = recent.shift().seq;
    tell({ type: 'event', told });
  });
  mine.onerror = () => {
    if (source !== mine) return;
    state(false);
    // A stream that was answered with an error is closed for good: see whether the session is over.
    if (mine.readyState === EventSource.CLOSED) {
      source = null;
      setTimeout(again, 2000 + Math.random() * 2000);
    }
  };
}

async function again() {
  if (source || ports.size === 0) return;
  try {
    const answer = await fetch('/notices/count', { headers: { Accept: 'application/json' } });
    if (answer.status === 401) return tell({ type: 'signed-out' });
  } catch {
    // No connection: the next try will tell.
  }
  open();
}

setInterval(() => {
  if (source && Date.now() - heard > SILENCE) {
    state(false);
    open();
  }
}, 5000);

self.onconnect = (event) => {
  const port = event.ports[0];
  port.onmessage = ({ data }) => {
    if (data.type === 'bye') return ports.delete(port);
    if (data.type !== 'hello') return;
    ports.add(port);
    if (data.user !== user || !source) {
      if (data.user !== user) {
        recent = [];
        user = data.user;
        from = data.seq;
        last = data.seq;
      }
      open();
    } else if (data.seq < from) {
      port.postMessage({ type: 'resync' });
    } else {
      recent.filter((told) => told.seq > data.seq).forEach((told) => port.postMessage({ type: 'event', told }));
    }
    port.postMessage({ type: 'state', alive });
  };
  port.start();
};
