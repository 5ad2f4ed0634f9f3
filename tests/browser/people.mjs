// What people do on the screens: sign in, fill in the form, drag a card.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Signs in and waits for the first page. */
export async function signIn(page, house, role) {
  const { login, password } = house.login(role);
  await page.goto(`${house.url}/login`);
  await page.fill('#login', login);
  await page.fill('#password', password);
  await Promise.all([page.waitForURL((url) => !url.pathname.startsWith('/login')), page.click('form[action="/login"] button')]);
}

/** Fills in and sends the landing page's form as client Ivanov would. */
export async function sendForm(page, house, { name = 'Иван', phone = '+7 999 000-11-22', email = 'ivanov@example.com', debt = '425 950', lang = 'ru', query = '' } = {}) {
  await page.goto(`${house.landing}?lang=${lang}${query}`);
  await page.fill('[name="contact.first_name"]', name);
  await page.fill('[name="contact.phone"]', phone);
  await page.fill('[name="contact.email"]', email);
  await page.fill('[name="lead.debt_total"]', debt);
  await page.locator('form[data-landing] input[type=checkbox][required]').check();
  // Nobody fills in a form in under three seconds.
  await house.advance('10s');
  await page.click('.send');
  await page.waitForSelector('.thanks');
}

/** Drags with a real mouse: press, move in small steps, release. */
export async function drag(page, what, where, { x = 0.5, y = 0.5 } = {}) {
  await what.scrollIntoViewIfNeeded();
  const from = await what.boundingBox();
  await where.scrollIntoViewIfNeeded();
  const to = await where.boundingBox();
  const start = { x: from.x + from.width / 2, y: from.y + Math.min(from.height / 2, 30) };
  const end = { x: to.x + to.width * x, y: to.y + Math.min(to.height * y, to.height - 8) };
  await page.mouse.move(start.x, start.y);
  await page.mouse.down();
  for (let step = 1; step <= 12; step += 1) await page.mouse.move(start.x + ((end.x - start.x) * step) / 12, start.y + ((end.y - start.y) * step) / 12);
  await page.mouse.move(end.x + 1, end.y + 1);
  await page.waitForTimeout(150);
  await page.mouse.up();
}

/** What axe finds wrong on the page: serious and critical things only. */
export async function faults(page, what) {
  // The pages' own policy forbids added scripts: the browser runs it from outside instead.
  await page.evaluate(axe);
  return page.evaluate(async (name) => {
    const result = await /** @type {any} */ (window).axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] });
    const shown = (/** @type {any} */ one) => one.nodes.slice(0, 4).map((/** @type {any} */ node) => `${node.target.join(' ')}  ${node.html.slice(0, 160)}`);
    return result.violations.filter((/** @type {any} */ one) => ['serious', 'critical'].includes(one.impact)).map((/** @type {any} */ one) => `${name}: ${one.id}: ${one.help}\n    ${shown(one).join('\n    ')}`);
  }, what);
}

/** Fails with the list of what axe finds wrong. */
export async function accessible(page, what) {
  assert.deepEqual(await faults(page, what), [], `${what} can be used by everybody`);
}
