// @ts-check
// The few lines that stand between the page and the DOM: an element, an icon, a request.

/**
 * Makes an element. Texts are always set as text, never as markup.
 * @param {string} tag tag name, with classes after dots: `button.btn.btn-primary`
 * @param {Record<string, any>} [props] attributes; `on` holds listeners, `data` the data attributes; `false` and `null` leave one out
 * @param {...any} children nodes, texts or lists of them
 * @returns {any}
 */
export function h(tag, props = {}, ...children) {
  const [name, ...classes] = tag.split('.');
  const node = document.createElement(name || 'div');
  if (classes.length > 0) node.className = classes.join(' ');
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === 'on') for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (key === 'data') Object.assign(node.dataset, value);
    else if (key === 'value') /** @type {any} */ (node).value = value;
    else if (key === 'checked') /** @type {any} */ (node).checked = value;
    else node.setAttribute(key, value === true ? '' : String(value));
  }
  append(node, children);
  return node;
}

/** @param {Node} node @param {any} child */
function append(node, child) {
  if (Array.isArray(child)) child.forEach((one) => append(node, one));
  else if (child instanceof Node) node.appendChild(child);
  else if (child !== null && child !== undefined && child !== false) node.appendChild(document.createTextNode(String(child)));
}

// Outlines from Tabler Icons (MIT).
const PATHS = {
  plus: ['M12 5v14', 'M5 12h14'],
  pencil: ['M4 20h4L18.5 9.5a2.828 2.828 0 1 0-4-4L4 16v4', 'M13.5 6.5l4 4'],
  copy: ['M7 9.667A2.667 2.667 0 0 1 9.667 7h8.666A2.667 2.667 0 0 1 21 9.667v8.666A2.667 2.667 0 0 1 18.333 21H9.667A2.667 2.667 0 0 1 7 18.333z', 'M4.012 16.737A2 2 0 0 1 3 15V5c0-1.1.9-2 2-2h10c.75 0 1.158.385 1.5 1'],
  trash: ['M4 7h16', 'M10 11v6', 'M14 11v6', 'M5 7l1 12a2 2 0 0 0 2 2h8a2 2 0 0 0 2-2l1-12', 'M9 7V4a1 1 0 0 1 1-1h4a1 1 0 0 1 1 1v3'],
  power: ['M7 6a7.75 7.75 0 1 0 10 0', 'M12 4v8'],
  close: ['M18 6L6 18', 'M6 6l12 12'],
  log: ['M12 8v4l2 2', 'M3.05 11a9 9 0 1 1 .5 4m-.5 5v-5h5'],
  why: ['M12 17v.01', 'M12 13.5a1.5 1.5 0 0 1 1-1.5 2.6 2.6 0 1 0-3-4', 'M3 12a9 9 0 1 0 18 0 9 9 0 1 0-18 0'],
  braces: ['M7 4a2 2 0 0 0-2 2v3a2 3 0 0 1-2 3 2 3 0 0 1 2 3v3a2 2 0 0 0 2 2', 'M17 4a2 2 0 0 1 2 2v3a2 3 0 0 0 2 3 2 3 0 0 0-2 3v3a2 2 0 0 1-2 2'],
  search: ['M3 10a7 7 0 1 0 14 0 7 7 0 1 0-14 0', 'M21 21l-6-6'],
  bolt: ['M13 3v7h6l-8 11v-7H5z'],
  robot: ['M6 6a2 2 0 0 1 2-2h8a2 2 0 0 1 2 2v4a2 2 0 0 1-2 2H8a2 2 0 0 1-2-2z', 'M12 2v2', 'M9 12v9', 'M15 12v9', 'M5 16l4-2', 'M15 14l4 2', 'M9 18h6', 'M10 8v.01', 'M14 8v.01'],
};

/** @param {keyof typeof PATHS} name @returns {SVGElement} */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const attributes = { viewBox: '0 0 24 24', width: '16', height: '16', fill: 'none', stroke: 'currentColor', 'stroke-width': '2', 'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'aria-hidden': 'true' };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  for (const d of PATHS[name] ?? []) {
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    path.setAttribute('d', d);
    svg.appendChild(path);
  }
  return svg;
}

/** A refusal of the server: its text, and what is wrong with which field. */
export class Refused extends Error {
  /** @param {string} message @param {{path: string, text: string}[]} fields @param {string} code */
  constructor(message, fields, code) {
    super(message);
    this.fields = fields;
    this.code = code;
  }
}

/**
 * Asks the server. Refusals come as {@link Refused}, everything else that goes wrong as `Error` with a text for a person.
 * @param {string} url
 * @param {any} [body] sent as JSON by POST; left out: GET
 * @returns {Promise<any>}
 */
export async function ask(url, body) {
  const request = { method: body === undefined ? 'GET' : 'POST', headers: { Accept: 'application/json' }, credentials: 'same-origin' };
  if (body !== undefined) Object.assign(request, { headers: { ...request.headers, 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  const answer = await fetch(url, /** @type {RequestInit} */ (request));
  const json = await answer.json().catch(() => null);
  if (answer.ok && json !== null) return json;
  const told = json?.error ?? {};
  const fields = Object.entries(told.fields ?? {}).map(([path, text]) => ({ path, text: String(text) }));
  throw new Refused(told.text ?? `${answer.status} ${answer.statusText}`, fields, told.code ?? '');
}
