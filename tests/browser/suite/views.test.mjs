// Lists, boards, activities, the calendar, saved views, the palette: as an operator uses them all day.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser, openHouse, visitor } from '../house.mjs';
import { accessible, drag, signIn } from '../people.mjs';

let house;
let browser;
let page;
let errors;

/** Opens a page and waits until its scripts are there. */
const open = async (path) => {
  await page.goto(house.url + path);
  await ready();
};
const ready = () => page.waitForSelector('[data-views][data-ready]');
const until = (where, work, given) => where.waitForFunction(work, given, { timeout: 10_000 });

before(async () => {
  [house, browser] = await Promise.all([openHouse(), openBrowser()]);
  ({ page, errors } = await visitor(browser));
  await signIn(page, house, 'admin');
});

after(async () => {
  await browser?.close();
  await house?.close();
});

test('conditions are built with a few clicks, stand in the address and go by their cross', async () => {
  await open('/deals?view=');
  const before = await page.locator('tr[data-id]').count();
  await page.locator('.finder-icon[data-finder-open]').click();
  await page.waitForSelector('.finder-panel .filter-row');
  await page.selectOption('.filter-row select[name=f]', 'stage');
  await page.waitForSelector('.filter-row .checks input[type=checkbox]');
  await page.locator('.filter-row .checks label').first().click();
  await accessible(page, 'the builder of conditions');
  await page.locator('.finder-foot .btn-primary').click();
  await page.waitForSelector('.chip-row');
  await ready();
  assert.ok(new URL(page.url()).searchParams.get('f') === 'stage', page.url());
  const few = await page.locator('tr[data-id]').count();
  assert.ok(few < before, `${few} of ${before}`);
  await page.reload();
  assert.equal(await page.locator('tr[data-id]').count(), few, 'the link holds it all');
  await page.locator('.chip-row .chip-x').click();
  await page.waitForSelector('.chip-row', { state: 'detached' });
  assert.equal(await page.locator('tr[data-id]').count(), before);
});

test('a view is saved, opened by its tab, renamed and deleted', async () => {
  await open(`/deals?f=~open_task&o=has_not`);
  await page.locator('.finder-icon[data-finder-open]').click();
  await page.locator('[data-view-save]').click();
  await page.fill('#view-title', 'Без дел');
  await page.locator('#save-view .btn-primary').click();
  await page.waitForURL(/view=my_1/);
  await ready();
  const rows = await page.locator('tr[data-id]').count();
  await page.locator('.tabs a', { hasText: 'Все' }).click();
  await page.waitForURL(/view=$/);
  await page.locator('.tabs a', { hasText: 'Без дел' }).click();
  await page.waitForSelector('.chip-view');
  await ready();
  assert.equal(await page.locator('tr[data-id]').count(), rows);
  await page.locator('.finder-icon[data-finder-open]').click();
  await page.locator('[data-view-edit=my_1]').click();
  await page.fill('#view-title', 'Забытые');
  await page.locator('#save-view .btn-primary').click();
  await page.waitForSelector('.tabs a >> text=Забытые');
  await ready();
  page.once('dialog', (dialog) => dialog.accept());
  await page.locator('.finder-icon[data-finder-open]').click();
  await page.locator('[data-view-edit=my_1]').click();
  await page.locator('[data-view-delete]').click();
  await page.waitForSelector('.tabs a >> text=Забытые', { state: 'detached' });
});

test('an answer is changed in its cell: Enter keeps it, Esc leaves it', async () => {
  await open('/deals?view=');
  const row = page.locator('tr[data-id]').first();
  const id = await row.getAttribute('data-id');
  const cell = page.locator(`tr[data-id="${id}"] td[data-col=title]`);
  const was = (await cell.textContent()).trim();
  await row.locator('a[data-row]').focus();
  await page.keyboard.press('e');
  await page.waitForSelector('[data-cell-form] input');
  await page.keyboard.press('Escape');
  await page.waitForSelector('[data-cell-form]', { state: 'detached' });
  assert.equal((await cell.textContent()).trim(), was);
  await page.locator(`tr[data-id="${id}"] a[data-row]`).focus();
  await page.keyboard.press('e');
  await page.waitForSelector('[data-cell-form] input');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('Новое имя <b>');
  await page.keyboard.press('Enter');
  await until(page, (given) => document.querySelector(`tr[data-id="${given}"] td[data-col=title]`)?.textContent?.trim() === 'Новое имя <b>', id);
  assert.equal(await page.locator('.slider').count(), 0, 'nothing opened beside it');
});

test('many are changed at once, with progress, and taken back', async () => {
  await open('/deals?view=');
  const rows = await page.locator('tr[data-id]').count();
  assert.ok(rows > 3);
  await page.locator('tr[data-id] a[data-row]').first().focus();
  await page.keyboard.press('x');
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.waitForSelector('[data-mass]:not([hidden])');
  assert.match(await page.locator('[data-mass-count]').textContent(), /2/);
  await accessible(page, 'the bar of mass actions');
  await page.locator('[data-mass-act=assign]').click();
  await page.waitForSelector('#mass-box select[name=value]');
  const names = await page.locator('tr[data-id] td[data-col=responsible]').allTextContents();
  const other = await page.evaluate((now) => [...document.querySelectorAll('#mass-box option')].find((one) => one.value && !now.includes(one.textContent.trim()))?.value, names[0].trim());
  await page.selectOption('#mass-box select[name=value]', other);
  await page.locator('#mass-box .btn-primary').click();
  await page.waitForSelector('.operation-strip button >> text=Отменить');
  await page.locator('.operation-strip button', { hasText: 'Отменить' }).click();
  await until(page, () => /Отменено: \d/.test(document.querySelector('.operation-strip')?.textContent ?? ''));
  await page.reload();
  assert.deepEqual(await page.locator('tr[data-id] td[data-col=responsible]').allTextContents(), names);
});

test('columns are chosen, put in order without a mouse and come back as usual', async () => {
  await open('/deals?view=');
  const heads = () => page.locator('th[data-col]').evaluateAll((all) => all.map((one) => one.dataset.col));
  const usual = await heads();
  await page.locator('[data-columns-open]').click();
  await page.waitForSelector('#columns-box[open] label[data-code]');
  await page.locator('#columns-box label[data-code=title] input').focus();
  await page.keyboard.press('Alt+ArrowDown');
  await page.locator('#columns-box label[data-code=created_by] input').check();
  await page.locator('#columns-box .btn-primary').click();
  await page.waitForSelector('th[data-col=created_by]');
  await ready();
  assert.equal((await heads())[1], 'title');
  await page.locator('[data-columns-open]').click();
  await page.locator('#columns-box [data-columns-reset]').click();
  await page.waitForSelector('th[data-col=created_by]', { state: 'detached' });
  assert.deepEqual(await heads(), usual);
});

test('a card is lost by dropping it into the tray, and the step is taken back', async () => {
  await open(`/deals/board?view=`);
  const tile = page.locator('.column[data-ending=open] .tile').first();
  const id = await tile.getAttribute('id');
  const from = await tile.evaluate((one) => one.closest('.column').dataset.stage);
  const start = await tile.boundingBox();
  await page.mouse.move(start.x + 60, start.y + 20);
  await page.mouse.down();
  await page.mouse.move(start.x + 90, start.y + 60, { steps: 5 });
  const slot = await page.locator('.tray-slot.lost').first().boundingBox();
  await page.mouse.move(slot.x + slot.width / 2, slot.y + slot.height / 2, { steps: 12 });
  await page.waitForTimeout(150);
  await page.mouse.up();
  // A refusal asks for its reason first.
  await page.locator('dialog[open] select').selectOption({ index: 1 });
  await page.locator('dialog[open] .btn-primary').click();
  await until(page, (given) => document.getElementById(given)?.closest('.column')?.dataset.ending === 'lost', id);
  await page.locator('#toasts button').first().click();
  await until(page, ([given, stage]) => document.getElementById(given)?.closest('.column')?.dataset.stage === stage, [id, from]);
});

test('the activities board plans anew by keyboard', async () => {
  await open('/deals/activities?view=');
  await page.waitForSelector('.column .tile');
  const tile = page.locator('.column:not([data-when=none]):not([data-when=later]) .tile').first();
  const id = await tile.getAttribute('id');
  await tile.focus();
  await page.keyboard.press('m');
  await page.locator('.move-menu button', { hasText: 'Позже' }).click();
  await until(page, (given) => document.getElementById(given)?.closest('.column')?.dataset.when === 'later', id);
  await accessible(page, 'the activities board');
});

test('a task is dragged to another day of the calendar', async () => {
  await open('/deals/calendar?date=tasks&view=');
  await page.waitForSelector('.cal-day');
  await accessible(page, 'the calendar');
  if (!(await page.locator('.cal-item:not(.locked)').count())) {
    await page.locator('a[rel=next]').click();
    await page.waitForURL(/day=/);
    await ready();
  }
  const entry = page.locator('.cal-item:not(.locked)').first();
  const id = await entry.getAttribute('data-id');
  const day = await entry.evaluate((one) => one.closest('.cal-day').dataset.day);
  const to = await page.evaluate((from) => [...document.querySelectorAll('.cal-day')].map((one) => one.dataset.day).find((one) => one !== from && one.slice(8) === '17'), day);
  await drag(page, entry, page.locator(`.cal-day[data-day="${to}"] [data-items]`));
  await until(page, ([given, wanted]) => document.querySelector(`.cal-item[data-id="${given}"]`)?.closest('.cal-day')?.dataset.day === wanted, [id, to]);
  await page.waitForSelector('#toasts .note');
  await page.reload();
  assert.equal(await page.locator(`.cal-item[data-id="${id}"]`).evaluate((one) => one.closest('.cal-day').dataset.day), to);
});

test('the palette goes anywhere and finds a client by a part of his phone', async () => {
  await open('/deals/board?view=');
  const digits = (await page.locator('.tile-icons a[href^="tel:"]').first().getAttribute('href')).slice(-5);
  await open('/deals?view=');
  await page.keyboard.press('Control+k');
  await page.waitForSelector('.palette[open] .palette-list a');
  await accessible(page, 'the palette');
  await page.keyboard.type('календ');
  await page.waitForSelector('.palette-list a.on >> text=Календарь');
  await page.keyboard.press('Enter');
  await page.waitForURL(/calendar/);
  await ready();
  await page.keyboard.press('Control+k');
  await page.waitForSelector('.palette[open]');
  await page.keyboard.type(digits);
  await page.waitForSelector('.palette-list a[data-card]');
  await page.keyboard.press('Escape');
  await page.waitForSelector('.palette', { state: 'hidden' });
  await page.locator('body').press('?');
  await page.waitForSelector('#keys[open]');
  await page.keyboard.press('Escape');
});

test('on a phone the board is one column with a switch, and a list is cards', async () => {
  const phone = await visitor(browser, { phone: true });
  await signIn(phone.page, house, 'admin');
  for (const path of ['/deals/board?view=', '/deals?view=', '/deals/activities?view=', '/deals/calendar?view=']) {
    await phone.page.goto(house.url + path);
    await phone.page.waitForSelector('.views-head');
    const wide = await phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${path} is ${wide} px too wide`);
    await accessible(phone.page, path);
  }
  await phone.page.goto(`${house.url}/deals/board?view=`);
  assert.equal(await phone.page.locator('.column:visible').count(), 1);
  const first = await phone.page.locator('.column:visible').getAttribute('data-stage');
  await phone.page.locator('[data-stage-step="1"]').click();
  assert.notEqual(await phone.page.locator('.column:visible').getAttribute('data-stage'), first);
  assert.deepEqual(phone.errors, []);
  await phone.context.close();
});

test('no script failed on the way', () => {
  assert.deepEqual(errors, []);
});
