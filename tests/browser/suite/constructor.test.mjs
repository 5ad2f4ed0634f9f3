// A new administrator makes the type "Appeal" by himself: fields, links, a pipeline; then works with it, and REST knows it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser, openHouse, visitor } from '../house.mjs';
import { accessible, drag, signIn } from '../people.mjs';

let house;
let browser;
let page;
let errors;

before(async () => {
  [house, browser] = await Promise.all([openHouse(), openBrowser()]);
  ({ page, errors } = await visitor(browser));
  await signIn(page, house, 'admin');
});

after(async () => {
  await browser?.close();
  await house?.close();
});

const drawer = () => page.locator('dialog.drawer');

async function open(what) {
  await what.click();
  await drawer().locator('.drawer-head').waitFor();
}

/** Saves the drawer and waits until it is gone. */
async function save() {
  await drawer().locator('.drawer-foot .btn-primary').click();
  await drawer().waitFor({ state: 'detached' });
}

async function field(kind, title, more = async () => {}) {
  await open(page.locator('.set-bar [data-open$="fields/new"]'));
  await drawer().locator(`.kind-grid label:has(input[value="${kind}"])`).click();
  await drawer().locator('[name=title_ru]').fill(title);
  await more(drawer());
  await save();
  await page.locator('[data-field]', { hasText: title }).waitFor();
}

test('the type is made in one dialog, with its links', async () => {
  await page.goto(`${house.url}/settings`);
  await page.fill('[data-find]', 'типы');
  await page.locator('#settings-found a', { hasText: 'Типы записей' }).first().click();
  await page.waitForURL(/settings\/types/);
  await open(page.locator('.page-head [data-open="/settings/types/new"]'));
  await accessible(page, 'the dialog of a new type');
  await drawer().locator('[name=title_ru]').fill('Обращение жильца');
  await drawer().locator('[name=plural_ru]').fill('Обращения жильцов');
  await drawer().locator('[name=code]').fill('resident_appeal');
  await drawer().locator('[data-row-add]').click();
  await drawer().locator('[name="link.how"]').selectOption('child');
  await drawer().locator('[name="link.to"]').selectOption({ label: 'Сделка' });
  await Promise.all([page.waitForURL(/resident_appeal\?tab=fields/), drawer().locator('.drawer-foot .btn-primary').click()]);
  assert.ok(await page.locator('.side nav', { hasText: 'Обращения жильцов' }).isVisible(), 'it stands in the menu at once');
});

test('eight fields of eight kinds are added', async () => {
  await field('text', 'Тема');
  await field('long_text', 'Что случилось');
  await field('choice', 'Вид', async (box) => {
    await box.locator('[name="option.ru"]').fill('Протечка');
    await box.locator('[data-for=choice] [data-row-add]').click();
    await box.locator('[name="option.ru"]').nth(1).fill('Лифт');
  });
  await field('date', 'Решить до');
  await field('integer', 'Квартира');
  await field('flag', 'Гарантия');
  await field('phone', 'Телефон для связи');
  await field('formula', 'Подъезд', async (box) => {
    await box.locator('[name=expression]').fill('floor(kvartira / 36) + 1');
    await box.locator('[name=result]').selectOption('integer');
  });
  assert.equal(await page.locator('.set-list[data-sort] > li').count(), 8);
  await accessible(page, 'the list of fields');
});

test('a mistake is told in the drawer and what was typed stays', async () => {
  await open(page.locator('.set-bar [data-open$="fields/new"]'));
  await drawer().locator('.kind-grid label:has(input[value="formula"])').click();
  await drawer().locator('[name=title_ru]').fill('Кольцо');
  await drawer().locator('[name=expression]').fill('nowhere + 1');
  await drawer().locator('.drawer-foot .btn-primary').click();
  await drawer().locator('[data-error]:not([hidden])').waitFor();
  assert.match(await drawer().locator('[data-error]').textContent(), /nowhere/);
  assert.equal(await drawer().locator('[name=title_ru]').inputValue(), 'Кольцо');
  page.once('dialog', (question) => question.accept());
  await page.keyboard.press('Escape');
  await drawer().waitFor({ state: 'detached' });
});

test('the order of fields is changed by keyboard and kept', async () => {
  const codes = () => page.locator('.set-list[data-sort] > li').evaluateAll((lines) => lines.map((line) => line.dataset.id));
  const [first, second] = await codes();
  const kept = page.waitForResponse((answer) => answer.url().endsWith('/order'));
  await page.locator('.set-list[data-sort] > li button').first().focus();
  await page.keyboard.press('Alt+ArrowDown');
  await kept;
  await page.reload();
  assert.deepEqual((await codes()).slice(0, 2), [second, first]);
});

test('a pipeline of five stages is made, a stage is dragged, required fields are set', async () => {
  await Promise.all([page.waitForURL(/tab=pipelines/, { waitUntil: 'load' }), page.locator('.set-tabs a', { hasText: 'Воронки' }).click()]);
  const way = page.locator('.way').first();
  await open(way.locator('.way-group.open .way-add'));
  await drawer().locator('[name=title_ru]').fill('На проверке');
  await drawer().locator('[name=sla]').fill('4');
  await save();
  await way.locator('.way-stage', { hasText: 'На проверке' }).waitFor();
  assert.equal(await way.locator('.way-stage').count(), 5);
  const kept = page.waitForResponse((answer) => answer.url().endsWith('/order'));
  await drag(page, way.locator('.way-group.open li').nth(2), way.locator('.way-group.open li').nth(0), { x: 0.2 });
  await kept;
  await page.waitForTimeout(300);
  assert.match(await way.locator('.way-group.open .way-stage').first().textContent(), /На проверке/);
  await open(way.locator('.way-stage', { hasText: 'Успех' }));
  await drawer().locator('.set-ticks label', { hasText: 'Тема' }).click();
  await save();
  await accessible(page, 'the page of pipelines');
});

test('what is in use is not taken away, and its uses are listed', async () => {
  await page.goto(`${house.url}/settings/types/resident_appeal?tab=fields`);
  await open(page.locator('[data-field] button', { hasText: 'Тема' }));
  page.once('dialog', (question) => question.accept());
  await drawer().locator('[data-remove]').click();
  const uses = page.locator('dialog.uses');
  await uses.waitFor();
  assert.match(await uses.textContent(), /Стадия «Успех»/);
  await uses.locator('button').click();
  await page.keyboard.press('Escape');
  await drawer().waitFor({ state: 'detached' });
});

test('a saved change can be taken back at once', async () => {
  await open(page.locator('[data-field] button', { hasText: 'Квартира' }));
  await drawer().locator('[name=title_ru]').fill('Номер квартиры');
  await save();
  await page.locator('[data-field]', { hasText: 'Номер квартиры' }).waitFor();
  await page.locator('#toasts .note button').click();
  await page.locator('[data-field] b', { hasText: /^Квартира$/ }).waitFor();
});

test('the new type has its board, its robots page and stands in REST', async () => {
  for (const address of ['/resident_appeals/board', '/resident_appeals', '/resident_appeals/new', '/resident_appeals/robots']) {
    const answer = await page.goto(`${house.url}${address}`);
    assert.equal(answer.status(), 200, address);
  }
  await page.waitForSelector('vekha-robots .rb-head');
  await page.goto(`${house.url}/resident_appeals/new`);
  await page.fill('[name=title]', 'Протекла крыша');
  await page.fill('[name=kvartira]', '73');
  await Promise.all([page.waitForURL(/resident_appeals\/\d+/), page.locator('form.new-form button[type=submit], form.new-form .btn-success, form.new-form .btn-primary').first().click()]);
  const text = await page.locator('main').textContent();
  assert.match(text, /Протекла крыша/);
  await page.goto(`${house.url}/resident_appeals/board`);
  await page.locator('.tile', { hasText: 'Протекла крыша' }).waitFor();
});

test('the history names who changed what', async () => {
  await page.goto(`${house.url}/settings/types/resident_appeal?tab=history`);
  const lines = await page.locator('.set-past > li').allTextContents();
  assert.ok(lines.length >= 10);
  assert.match(lines.at(-1), /Создан тип «Обращение жильца»/);
});

test('the page of ready solutions shows what is installed and gives the firm out as files', async () => {
  await page.goto(`${house.url}/settings/packs`);
  await page.locator('.set-card').first().waitFor();
  await page.locator('.set-card').first().click();
  await page.locator('.page-head h1').waitFor();
  await page.goto(`${house.url}/settings/packs`);
  const [file] = await Promise.all([page.waitForEvent('download'), page.locator('form[action="/settings/packs/export"] .btn-primary').click()]);
  assert.equal(file.suggestedFilename(), 'firm.tar');
});

test('the settings work on a phone', async () => {
  const phone = await visitor(browser, { phone: true });
  await signIn(phone.page, house, 'admin');
  for (const address of ['/settings', '/settings/types', '/settings/types/resident_appeal?tab=fields', '/settings/types/resident_appeal?tab=pipelines', '/settings/menu']) {
    await phone.page.goto(`${house.url}${address}`);
    const wide = await phone.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `${address} is ${wide} px too wide`);
  }
  assert.deepEqual(phone.errors, []);
});

test('no script failed', () => assert.deepEqual(errors, []));
