// The robots page: a manager adds, edits, drags, saves and takes back robots, and asks why one did nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser, openHouse, visitor } from '../house.mjs';
import { accessible, drag, sendForm, signIn } from '../people.mjs';

let house;
let browser;
let page;
let errors;

before(async () => {
  [house, browser] = await Promise.all([openHouse(), openBrowser()]);
  ({ page, errors } = await visitor(browser));
  await signIn(page, house, 'manager');
  await page.goto(`${house.url}/leads/robots`);
  await page.waitForSelector('.rb-card');
});

after(async () => {
  await browser?.close();
  await house?.close();
});

const card = (title) => page.locator('.rb-card', { hasText: title });
const column = (band, title) => page.locator(`.rb-cell[data-band="${band}"]`, { has: page.locator('.rb-cell-title', { hasText: title }) });
const saved = () => page.waitForResponse((answer) => answer.url().endsWith('/api/robots/publish') && answer.request().method() === 'POST');

/** The titles of a column's cards as the server keeps them. */
async function kept(stage) {
  const board = await page.evaluate(async () => (await fetch(document.querySelector('vekha-robots').getAttribute('src'))).json());
  return board.stages.find((one) => one.title === stage).rules.filter((one) => one.rule.kind === 'robot').map((one) => one.rule.title);
}

test('one column per stage, triggers above, robots below', async () => {
  const heads = await page.locator('.rb-head-title').allTextContents();
  assert.equal(heads.length, 10);
  assert.equal(heads[0], 'Новая');
  const trigger = await card('Клиенту позвонили').boundingBox();
  const robot = await card('Письмо с расчётом').boundingBox();
  assert.ok(trigger.y < robot.y, 'the trigger stands above the robot');
  assert.ok(Math.abs(trigger.x - robot.x) < 4, 'both stand in the column of their stage');
  assert.match(await card('Письмо с расчётом').locator('.rb-when').textContent(), /Через 2\sч/);
});

test('a robot is added from the catalogue, found by an English word on a Russian page', async () => {
  await column('robot', 'Взята в работу').locator('.rb-add').click();
  await page.fill('dialog.rb-catalogue input[type=search]', 'task');
  await page.locator('dialog .rb-choice[data-code="create_task"]').click();
  await page.locator('.rb-panel button[type=submit]').click();
  await page.waitForSelector('.rb-panel .is-invalid');
  assert.deepEqual(await kept('Взята в работу'), [], 'a robot with an empty setting is not saved');
  await page.locator('.rb-panel .rb-field:has(.rb-pattern) textarea').first().fill('Собрать документы: ');
  await page.locator('.rb-panel .rb-insert').first().click();
  await page.locator('.rb-holes:visible .rb-hole').first().click();
  assert.match(await page.locator('.rb-panel .rb-pattern textarea').first().inputValue(), /Собрать документы: \{\{.+\}\}/);
  await page.locator('.rb-panel .rb-form > .rb-field input').fill('Собрать документы');
  await Promise.all([saved(), page.locator('.rb-panel button[type=submit]').click()]);
  await page.waitForSelector('.rb-panel', { state: 'detached' });
  assert.deepEqual(await kept('Взята в работу'), ['Собрать документы']);
});

test('a delay and a condition are set, and the card says so in a sentence', async () => {
  await card('Собрать документы').locator('.rb-when').click();
  await page.locator('#rb-section-when select').first().selectOption('after');
  await page.locator('#rb-section-when input[type=number]').fill('3');
  await page.locator('#rb-section-when .rb-span select').selectOption('d');
  await page.locator('.rb-condition > .btn').click();
  await page.locator('.rb-row select').nth(0).selectOption('debt_total');
  await page.locator('.rb-row select').nth(1).selectOption('gt');
  await page.locator('.rb-value input').fill('500000');
  await Promise.all([saved(), page.locator('.rb-panel button[type=submit]').click()]);
  await page.waitForSelector('.rb-panel', { state: 'detached' });
  assert.match(await card('Собрать документы').locator('.rb-when').textContent(), /Через 3\sд/);
  assert.match(await card('Собрать документы').locator('.rb-what').textContent(), /500\s000/);
});

test('a robot is dragged to another stage with the mouse, and Ctrl+Z brings it back', async () => {
  await Promise.all([saved(), drag(page, card('Собрать документы'), column('robot', 'Недозвон'), { y: 0.9 })]);
  await page.waitForFunction(() => document.querySelectorAll('.rb-ghost').length === 0);
  assert.ok((await kept('Недозвон')).includes('Собрать документы'));
  assert.deepEqual(await kept('Взята в работу'), []);
  await Promise.all([saved(), page.keyboard.press('Control+z')]);
  await page.waitForTimeout(100);
  assert.deepEqual(await kept('Взята в работу'), ['Собрать документы']);
});

test('everything works by keyboard: go, carry, switch off, delete, take back', async () => {
  await card('Собрать документы').focus();
  // Past two stages without robots.
  for (let step = 0; step < 3; step += 1) {
    await Promise.all([saved(), page.keyboard.press('Alt+ArrowRight')]);
    await page.waitForTimeout(100);
  }
  assert.ok((await kept('Консультация назначена')).includes('Собрать документы'));
  await Promise.all([saved(), page.keyboard.press('Space')]);
  await page.waitForSelector('.rb-off >> text=Собрать документы');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.rb-panel');
  await page.keyboard.press('Escape');
  await page.waitForSelector('.rb-panel', { state: 'detached' });
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
  assert.match(await focused(), /Собрать документы/);
  await page.keyboard.press('ArrowUp');
  assert.doesNotMatch(await focused(), /Собрать документы/);
  await page.keyboard.press('ArrowDown');
  await Promise.all([saved(), page.keyboard.press('Delete')]);
  await page.waitForTimeout(100);
  assert.ok(!(await kept('Консультация назначена')).includes('Собрать документы'));
  await Promise.all([saved(), page.keyboard.press('Control+z')]);
  await page.waitForTimeout(100);
  assert.ok((await kept('Консультация назначена')).includes('Собрать документы'));
});

test('the log shows what a robot did, and "why" explains why another did nothing', async () => {
  const client = await visitor(browser);
  await sendForm(client.page, house);
  await client.context.close();
  await page.waitForTimeout(1500);
  await page.reload();
  await card('Позвонить клиенту').focus();
  await page.keyboard.press('l');
  const entry = page.locator('.rb-entry').first();
  await entry.waitFor();
  assert.equal(await entry.locator('.rb-state').textContent(), 'Сделано');
  const number = /№ (\d+)/.exec(await entry.locator('a').textContent())[1];
  await page.keyboard.press('Escape');
  await card('Клиенту позвонили').focus();
  await page.keyboard.press('l');
  await page.fill('#rb-why-item', number);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.rb-why li:not(.rb-why-item)');
  const lines = await page.locator('.rb-why li:not(.rb-why-item)').allTextContents();
  assert.ok(lines.join('').length > 10, 'it says something');
  await page.fill('#rb-why-item', '999999');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.rb-why .text-danger');
  await page.keyboard.press('Escape');
});

test('somebody else publishes in between: nothing of his is lost', async () => {
  const other = await visitor(browser);
  await signIn(other.page, house, 'admin');
  await other.page.goto(`${house.url}/leads/robots`);
  await other.page.waitForSelector('.rb-card');
  await other.page.locator('.rb-card', { hasText: 'Узнать решение' }).focus();
  await Promise.all([other.page.waitForResponse(/publish/), other.page.keyboard.press('Space')]);
  await card('Узнать решение').focus();
  await Promise.all([page.waitForResponse(/publish/), page.keyboard.press('Delete')]);
  await page.waitForSelector('.rb-toast');
  await page.waitForSelector('.rb-off >> text=Узнать решение');
  assert.ok((await kept('Консультация проведена')).includes('Узнать решение'));
  await other.context.close();
});

test('an operator may not see the rules', async () => {
  const operator = await visitor(browser);
  await signIn(operator.page, house, 'operator');
  const answer = await operator.page.goto(`${house.url}/leads/robots`);
  assert.equal(answer.status(), 403);
  const json = await operator.page.evaluate(async () => (await fetch('/api/robots/board?kind=leads')).status);
  assert.equal(json, 403);
  await operator.context.close();
});

test('a phone shows the map and switches rules, and offers nothing else', async () => {
  const phone = await visitor(browser, { phone: true });
  await signIn(phone.page, house, 'manager');
  await phone.page.goto(`${house.url}/leads/robots`);
  await phone.page.waitForSelector('.rb-card');
  assert.equal(await phone.page.locator('.rb-add').count(), 0);
  const wide = await phone.page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 390, `nothing sticks out at the side: ${wide}`);
  const power = phone.page.locator('.rb-card', { hasText: 'Позвонить клиенту' }).locator('.rb-power');
  await Promise.all([phone.page.waitForResponse(/publish/), power.tap()]);
  await phone.page.waitForSelector('.rb-off >> text=Позвонить клиенту');
  await Promise.all([phone.page.waitForResponse(/publish/), phone.page.locator('.rb-card', { hasText: 'Позвонить клиенту' }).locator('.rb-power').tap()]);
  await accessible(phone.page, 'the robots page on a phone');
  assert.deepEqual(phone.errors, []);
  await phone.context.close();
});

test('the panel never hides the card that is being changed', async () => {
  await page.goto(`${house.url}/leads/robots`);
  await card('Сообщить руководителю').click();
  await page.waitForSelector('.rb-panel');
  const [box, panel] = [await card('Сообщить руководителю').boundingBox(), await page.locator('.rb-panel').boundingBox()];
  assert.ok(box.x + box.width <= panel.x + 1, `${box.x + box.width} of ${panel.x}`);
  await page.keyboard.press('Escape');
});

test('the page, its panel and its catalogue can be used by everybody', async () => {
  await page.goto(`${house.url}/leads/robots`);
  await page.waitForSelector('.rb-card');
  await accessible(page, 'the robots page');
  await card('Письмо с расчётом').click();
  await page.waitForSelector('.rb-panel');
  await accessible(page, 'the panel');
  await page.keyboard.press('Escape');
  await column('robot', 'Договор: в сделку').first().locator('.rb-add').click();
  await page.waitForSelector('dialog.rb-catalogue');
  await accessible(page, 'the catalogue');
  await page.keyboard.press('Escape');
  assert.deepEqual(errors, [], 'no script of the page failed');
});
