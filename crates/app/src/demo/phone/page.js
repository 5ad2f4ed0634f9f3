// The client's phone: asks the server for its state about once a second and draws it. All texts come as text, never as markup.

const body = document.body;
const words = body.dataset;
const lang = document.documentElement.lang;
const at = (id) => document.getElementById(id);
const params = new URLSearchParams(location.search);

let client = params.get('client') ?? '';
let app = ['chat', 'mail', 'form'].includes(params.get('app')) ? params.get('app') : 'chat';
let opened = 0;
let last = {};
let drawn = '';

function make(name, properties, ...children) {
  const node = document.createElement(name);
  Object.assign(node, properties);
  node.append(...children.filter((child) => child !== null));
  return node;
}

// Web addresses inside a text become links; everything else stays text.
function withLinks(text) {
  return text.split(/(https?:\/\/[^\s<>"]+)/).map((part, index) =>
    index % 2 ? make('a', { href: part, textContent: part, target: '_blank', rel: 'noopener' }) : part);
}

async function post(path, value) {
  return fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) });
}

function day(text, today) {
  if (text === today) return words.today;
  return new Date(`${text}T12:00:00Z`).toLocaleDateString(lang, { day: 'numeric', month: 'long', timeZone: 'UTC' });
}

function drawClients(state) {
  at('clients').replaceChildren(...state.clients.map((one) => {
    const unread = one.chats + one.letters;
    const row = make('button', { type: 'button' },
      make('span', {}, one.name, make('small', { textContent: [one.phone, one.email].filter(Boolean).join(' · ') })),
      unread ? make('em', { textContent: String(unread) }) : null);
    row.setAttribute('role', 'option');
    row.setAttribute('aria-selected', String(one.key === state.client));
    row.onclick = () => { client = one.key; opened = 0; drawn = ''; frameFor = ''; remember(); refresh(); };
    return row;
  }));
}

function ticks(message) {
  if (!message.mine) return null;
  if (message.state === 'failed') return make('span', { className: 'fault', textContent: ` ⚠ ${words.undelivered}` });
  return make('span', { className: 'ticks', textContent: message.state === 'received' ? '✓✓' : '✓' });
}

function drawChat(state, chosen) {
  const chat = at('chat');
  const low = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 80;
  const rows = [];
  let before = '';
  for (const message of state.chat) {
    if (message.when.day !== before) rows.push(make('div', { className: 'date', textContent: day(message.when.day, state.now.day) }));
    before = message.when.day;
    rows.push(make('div', { className: `bubble ${message.mine ? 'mine' : ''}` },
      ...withLinks(message.text), make('small', { textContent: message.when.time }, ticks(message))));
  }
  chat.replaceChildren(...rows);
  const phone = Boolean(chosen?.phone);
  chat.hidden = !state.chat.length;
  at('no-chat').hidden = Boolean(state.chat.length) || !phone;
  at('mail-only').hidden = phone;
  at('say').hidden = !phone;
  at('window').hidden = !phone;
  at('window').textContent = state.window ? words.windowOpen : words.windowClosed;
  at('window').classList.toggle('closed', !state.window);
  if (low) chat.scrollTop = chat.scrollHeight;
}

function drawMail(state, chosen) {
  at('address').textContent = chosen?.email ?? '';
  const letter = state.letters.find((one) => one.id === opened);
  at('letters').hidden = Boolean(letter);
  at('letter').hidden = !letter;
  at('no-mail').hidden = Boolean(state.letters.length);
  at('letters').replaceChildren(...state.letters.toReversed().map((one) => {
    const row = make('button', { type: 'button', className: one.opened ? '' : 'unread' },
      make('span', {}, make('b', { textContent: one.from }), make('small', { textContent: one.when.day === state.now.day ? one.when.time : day(one.when.day, state.now.day) })),
      make('b', { textContent: one.subject }),
      make('i', { textContent: one.text.slice(0, 90) }));
    row.onclick = async () => { opened = one.id; drawn = ''; await post('/demo/phone/open', { id: one.id }); refresh(); at('back').focus(); };
    return row;
  }));
  if (!letter) return;
  at('subject').textContent = letter.subject;
  at('from').textContent = `${letter.from} · ${day(letter.when.day, state.now.day)}, ${letter.when.time}`;
  at('letter-text').replaceChildren(...withLinks(letter.text));
}

function badge(id, count) {
  at(id).hidden = !count;
  at(id).textContent = String(count);
}

function draw(state) {
  last = state;
  client = state.client ?? '';
  const chosen = state.clients.find((one) => one.key === client);
  at('now').textContent = state.now.time;
  at('day').textContent = new Date(`${state.now.day}T12:00:00Z`).toLocaleDateString(lang, { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' });
  const shape = JSON.stringify([state, app, opened]);
  if (shape === drawn) return;
  drawn = shape;
  drawClients(state);
  drawChat(state, chosen);
  drawMail(state, chosen);
  badge('badge-chat', chosen?.chats ?? 0);
  badge('badge-mail', chosen?.letters ?? 0);
  at('bad').checked = state.weather.bad;
  at('unreachable').checked = state.weather.unreachable;
}

async function refresh() {
  try {
    const answer = await fetch(`/demo/phone/state?client=${encodeURIComponent(client)}`);
    if (!answer.ok) throw new Error(String(answer.status));
    draw(await answer.json());
    at('offline').hidden = true;
  } catch {
    at('offline').textContent = words.offline;
    at('offline').hidden = false;
    return;
  }
  const unread = last.chat.some((message) => !message.mine && message.state === 'delivered');
  if (app === 'chat' && unread && !document.hidden) await post('/demo/phone/read', { client });
}

function remember() {
  const query = new URLSearchParams({ lang, client, app });
  history.replaceState(null, '', `?${query}`);
  at('language').href = `/demo/phone?lang=${at('language').lang}&client=${encodeURIComponent(client)}&app=${app}`;
}

// ── the website in the phone ──

let frameFor = '';

function landing(chosen) {
  const query = new URLSearchParams({ lang, utm_source: 'demo', utm_medium: 'phone', name: chosen?.name ?? '', phone: chosen?.phone ?? '' });
  return `${words.landing}?${query}`;
}

function openWebsite(force) {
  const chosen = last.clients?.find((one) => one.key === client);
  const address = landing(chosen);
  at('url').textContent = location.host + words.landing;
  at('new-tab').href = address;
  if (force || frameFor !== client) {
    frameFor = client;
    at('frame').src = address;
  }
}

function pageInFrame() {
  try { return at('frame').contentDocument; } catch { return null; }
}

at('frame').addEventListener('load', () => {
  const shown = Boolean(pageInFrame()?.body?.childElementCount);
  at('frame').hidden = !shown;
  at('no-frame').hidden = shown;
  at('fill').hidden = !pageInFrame()?.querySelector('form');
});

// Knows the questions by their names; what it does not know stays for the visitor.
function answerFor(input, chosen) {
  const name = `${input.name} ${input.type} ${input.autocomplete}`.toLowerCase();
  const [first, ...rest] = (chosen?.name ?? '').split(' ');
  if (/phone|tel\b/.test(name)) return chosen?.phone ?? '';
  if (/mail/.test(name)) return chosen?.email ?? '';
  if (/last_?name|family/.test(name)) return rest.join(' ');
  if (/first_?name|given/.test(name)) return first;
  if (/debt|amount|sum/.test(name)) return words.debt;
  if (/region|city/.test(name)) return words.region;
  if (/comment|message/.test(name)) return words.comment;
  if (/\bname\b/.test(name)) return chosen?.name ?? '';
  return null;
}

// Field by field, as a person would: a form that is filled in within three seconds counts as a program's.
at('fill').addEventListener('click', async () => {
  at('fill').disabled = true;
  const page = pageInFrame();
  const chosen = last.clients.find((one) => one.key === client);
  for (const input of page?.querySelectorAll('form input, form textarea, form select') ?? []) {
    // A field that nobody sees is a trap for programs: a person leaves it empty.
    const hidden = input.type === 'hidden' || input.tabIndex < 0 || input.closest('[aria-hidden="true"]') || input.offsetParent === null;
    if (hidden) continue;
    if (input.type === 'checkbox') input.checked = true;
    else if (!input.value) input.value = answerFor(input, chosen) ?? input.value;
    input.dispatchEvent(new Event('input', { bubbles: true }));
    input.dispatchEvent(new Event('change', { bubbles: true }));
    input.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  at('fill').disabled = false;
  page?.querySelector('form [type="submit"], form button:not([type])')?.scrollIntoView({ block: 'center', behavior: 'smooth' });
});

// ── what the visitor does ──

function show(name) {
  app = name;
  for (const tab of document.querySelectorAll('[data-app]')) {
    const chosen = tab.dataset.app === name;
    tab.setAttribute('aria-selected', String(chosen));
    at(`app-${tab.dataset.app}`).hidden = !chosen;
  }
  remember();
  refresh().then(() => {
    if (app === 'form') openWebsite(false);
    if (app === 'chat') at('chat').scrollTop = at('chat').scrollHeight;
  });
}

for (const tab of document.querySelectorAll('[data-app]')) tab.addEventListener('click', () => show(tab.dataset.app));
at('reload').addEventListener('click', () => openWebsite(true));
at('back').addEventListener('click', () => { opened = 0; drawn = ''; refresh(); });

at('say').addEventListener('submit', async (event) => {
  event.preventDefault();
  const text = at('text').value.trim();
  if (!text) return;
  at('text').value = '';
  await post('/demo/phone/say', { client, text }).catch(() => null);
  await refresh();
  at('chat').scrollTop = at('chat').scrollHeight;
});

at('text').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  at('say').requestSubmit();
});

at('client-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.target;
  const answer = await post('/demo/phone/client', Object.fromEntries(new FormData(form)));
  at('client-error').textContent = answer.ok ? '' : words.badClient;
  if (!answer.ok) return;
  client = (await answer.json()).client;
  form.reset();
  at('another').open = false;
  frameFor = '';
  remember();
  refresh().then(() => app === 'form' && openWebsite(true));
});

for (const id of ['bad', 'unreachable']) {
  at(id).addEventListener('change', () => post('/demo/phone/weather', { bad: at('bad').checked, unreachable: at('unreachable').checked }));
}

at('clock').hidden = words.clock !== 'yes';
for (const button of document.querySelectorAll('[data-advance]')) {
  button.addEventListener('click', async () => {
    const buttons = [...document.querySelectorAll('[data-advance]')];
    for (const one of buttons) one.disabled = true;
    at('clock-says').textContent = words.moving;
    const answer = await post('/demo/clock', { advance: button.dataset.advance }).catch(() => null);
    at('clock-says').textContent = answer?.ok ? words.moved : words.failed;
    for (const one of buttons) one.disabled = false;
    refresh();
  });
}

show(app);
setInterval(() => { if (!document.hidden) refresh(); }, 900);
