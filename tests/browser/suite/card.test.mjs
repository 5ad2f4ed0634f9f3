// A card as people work with it: answers in place, stages, story, tabs, files, price lines, layout, bin, doubles.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser, openHouse, visitor } from '../house.mjs';
import { accessible, drag, signIn } from '../people.mjs';

const picture = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64');

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

async function open(address) {
  await page.goto(`${house.url}${address}`);
  await page.locator('.card-view').waitFor();
}

const field = (code) => page.locator(`.card-left [data-field="${code}"]`);
const told = (text) => page.locator('#toasts .note', { hasText: text }).last().waitFor();
const tab = (code) => page.locator(`.card-tabs [data-tab="${code}"]`).click();
const shows = (locator, text) => locator.filter({ hasText: text }).first().waitFor();

test('a card can be used by everybody', async () => {
  for (const address of ['/leads/1', '/deals/1', '/cases/1', '/contacts/1']) {
    await open(address);
    await accessible(page, address);
  }
});

test('every answer opens where it stands and Esc leaves it as it was', async () => {
  await open('/leads/1');
  await page.evaluate(() => {
    for (const more of document.querySelectorAll('.card-left [data-show-empty]')) /** @type {HTMLElement} */ (more).click();
    for (const folded of document.querySelectorAll('.card-left details')) folded.setAttribute('open', '');
  });
  const codes = await page.locator('.card-left [data-section] .field:has(.editable)').evaluateAll((list) => list.map((one) => one.dataset.field));
  assert.ok(codes.length > 20, `${codes.length} answers can be changed`);
  for (const code of codes) {
    const box = field(code).last();
    const was = await box.locator('.field-value').textContent();
    await box.locator('button[data-edit]').focus();
    await page.keyboard.press('Enter');
    const form = page.locator(`form.editing[data-field="${code}"]`);
    await form.waitFor();
    await page.waitForFunction((name) => document.querySelector(`form.editing[data-field="${name}"]`)?.contains(document.activeElement), code);
    await page.keyboard.press('Escape');
    // The first Esc may close a list that opened by itself.
    if (await form.waitFor({ state: 'detached', timeout: 1000 }).then(() => false, () => true)) await page.keyboard.press('Escape');
    await form.waitFor({ state: 'detached' });
    assert.equal(await box.locator('.field-value').textContent(), was, code);
  }
});

test('an answer is changed with Enter and taken back from the message', async () => {
  await open('/leads/2');
  const value = field('debt_total').locator('.field-value');
  const was = await value.textContent();
  await value.click();
  await page.locator('form.editing input[name=debt_total]').fill('777 000,50');
  await page.keyboard.press('Enter');
  await shows(value, '777 000,50');
  await page.locator('#toasts .note button').click();
  await page.waitForFunction((old) => document.querySelector('.card-left [data-field=debt_total] .field-value')?.textContent === old, was);
});

test('what is counted stands in the history and not in the story', async () => {
  const story = await page.locator('.story').textContent();
  assert.match(story, /Сумма долга/);
  assert.doesNotMatch(story, /Диапазон долга/);
  await tab('history');
  await shows(page.locator('.history tr'), 'Диапазон долга');
});

test('the history is filtered by field, puts an old answer back and shows the card as it was', async () => {
  await page.locator('.history-filter [name=field]').selectOption('debt_total');
  await page.waitForFunction(() => document.querySelectorAll('.history tbody tr').length === 2);
  await page.locator('[data-past] button').click();
  await page.locator('.past .field').first().waitFor();
  await accessible(page, 'the history');
  await page.locator('[data-past-close]').click();
  await page.locator('[data-put-back]').first().click();
  await told('Прежнее значение возвращено');
  await tab('main');
  await shows(field('debt_total'), '777 000,50');
});

test('a stage asks what it wants to know, from the card', async () => {
  await page.locator('.stages .segment', { hasText: 'Недозвон' }).click();
  const form = page.locator('[data-required-form]');
  await form.waitFor();
  await accessible(page, 'the questions of a stage');
  await page.keyboard.press('Escape');
  await form.waitFor({ state: 'hidden' });
  await shows(page.locator('.segment.here'), 'Новая');
  await page.locator('.stages .segment', { hasText: 'Недозвон' }).click();
  await form.locator('[name=next_contact_at]').fill('2030-12-01T10:00');
  await page.keyboard.press('Enter');
  await shows(page.locator('.segment.here'), 'Недозвон');
  await shows(field('next_contact_at'), '01.12.2030 10:00');
});

test('a stage asks the same when the card is dragged over the board', async () => {
  await page.goto(`${house.url}/leads/board`);
  const column = (title) => page.locator(`.column[data-title="${title}"]`);
  const tile = column('Новая').locator('.tile').first();
  const id = await tile.getAttribute('data-id');
  const moved = column('Недозвон').locator(`.tile[data-id="${id}"]`);
  await drag(page, tile, column('Недозвон'), { y: 0.4 });
  const form = page.locator('[data-required-form]');
  await form.waitFor();
  await form.locator('[data-box-close]').click();
  await column('Новая').locator(`.tile[data-id="${id}"]`).waitFor();
  await drag(page, column('Новая').locator(`.tile[data-id="${id}"]`), column('Недозвон'), { y: 0.4 });
  await form.locator('[name=next_contact_at]').fill('2030-12-01T10:00');
  await form.locator('.btn-primary').click();
  await form.waitFor({ state: 'hidden' });
  await moved.waitFor();
  await page.reload();
  await moved.waitFor();
});

test('a colleague is called by name in a comment, and the comment is pinned', async () => {
  await open('/deals/2');
  await page.click('[data-mention]');
  await page.keyboard.type('Посмотри, @');
  await page.locator('.mention-list:not([hidden]) button').first().waitFor();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+Enter');
  const said = page.locator('.story .entry:has(.mention)').first();
  await said.hover();
  await said.locator('[data-pin]').click();
  await page.locator('.pins .entry .mention').waitFor();
  await page.selectOption('[data-story-filter]', 'comments');
  await page.waitForFunction(() => document.querySelectorAll('.story .entry').length === 1);
  await page.selectOption('[data-story-filter]', '');
  await page.locator('.pins [data-pin]').first().click();
  await page.locator('.pins .entry').waitFor({ state: 'detached' });
});

test('a task is given, put off, handed over and done without leaving the card', async () => {
  await page.click('[data-compose=task]');
  await page.fill('[data-panel=task] [name=title]', 'Спросить о справках');
  await page.keyboard.press('Enter');
  const plan = page.locator('.plan', { hasText: 'Спросить о справках' });
  await plan.locator('[data-bs-toggle]').click();
  await plan.locator('[data-task-later="3d"]').click();
  await told('Задача отложена');
  await plan.locator('.reassign input[type=text]').fill('Анн');
  await plan.locator('.pick-list button').first().click();
  await plan.locator('.avatar[title="Анна Соколова"]').waitFor();
  await plan.locator('[data-task-done]').click();
  await plan.waitFor({ state: 'detached' });
});

test('files come in, are shown and handed out safely, are taken off and put back', async () => {
  await tab('files');
  await page.setInputFiles('[data-upload-input]', [
    { name: 'договор.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4 hello') },
    { name: 'скан.png', mimeType: 'image/png', buffer: picture },
    { name: 'хитрый.html', mimeType: 'text/html', buffer: Buffer.from('<script>alert(1)</script>') },
  ]);
  await page.locator('[data-file]').nth(2).waitFor();
  await page.waitForFunction(() => /** @type {HTMLImageElement | null} */ (document.querySelector('.file-row .thumb img'))?.naturalWidth === 1);
  await accessible(page, 'the files');
  const html = await page.request.get(house.url + (await page.locator('.file-name', { hasText: 'хитрый' }).getAttribute('href')));
  assert.match(html.headers()['content-disposition'], /^attachment/);
  assert.match(html.headers()['content-security-policy'], /sandbox/);
  await page.locator('.file-row', { hasText: 'договор' }).locator('[data-file-drop]').click();
  await page.waitForFunction(() => document.querySelectorAll('[data-file]').length === 2);
  await page.locator('#toasts .note button').last().click();
  await page.locator('[data-file]').nth(2).waitFor();
});

test('price lines are written in place and the sum is counted', async () => {
  await tab('products');
  await page.locator('[data-line-add]').click();
  const write = async (name, text) => {
    const kept = page.waitForResponse((answer) => answer.request().method() === 'POST' && /\/products\/\d+$/.test(answer.url()));
    await page.locator(`[data-line][name=${name}]`).first().fill(text);
    await page.keyboard.press('Tab');
    await kept;
    await page.waitForTimeout(100);
  };
  await write('title', 'Консультация');
  await write('quantity', '2');
  await write('price', '15 000,50');
  await write('discount_percent', '10');
  await write('vat_rate', '20');
  await shows(page.locator('.products-totals dd.sum'), '27 000,90');
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('name')), 'vat_included', 'the focus goes on');
  await accessible(page, 'the price lines');
});

test('a masked answer is dots until somebody asks for it', async () => {
  await open('/contacts/62');
  await page.locator('details[data-key-open=spassport] summary').click();
  const value = field('passport').locator('.field-value');
  assert.match(await value.textContent(), /^•+показать$/);
  await value.locator('[data-reveal]').click();
  await page.waitForFunction(() => /\d{4}/.test(document.querySelector('.card-left [data-field=passport] .field-value')?.textContent ?? ''));
  assert.equal(await page.locator('form.editing').count(), 0);
});

test('sections and fields are arranged for oneself, by mouse and by keyboard, and given back', async () => {
  await open('/leads/1');
  const sections = () => page.locator('.card-left [data-section] h2').allTextContents();
  const usual = await sections();
  await page.click('[data-arrange]');
  const boxes = page.locator('[data-boxes] [data-box]');
  await accessible(page, 'the arranging');
  await drag(page, boxes.nth(0).locator('[data-block=source]'), boxes.nth(1).locator('[data-blocks]'), { y: 0.3 });
  await boxes.nth(1).locator('[data-block=source]').waitFor();
  await boxes.nth(0).locator('[data-block=email]').focus();
  await page.keyboard.press('ArrowDown');
  await boxes.nth(1).locator('[data-block=email]').waitFor();
  await page.click('[data-box-add]');
  await page.keyboard.type('Моё');
  await page.click('[data-arrange-save]');
  await page.locator('[data-section] h2', { hasText: 'Моё' }).waitFor({ state: 'attached' });
  await page.locator('[data-section=debts] [data-field=source]').waitFor({ state: 'attached' });
  await page.click('[data-arrange]');
  await page.click('[data-arrange-reset]');
  await page.locator('[data-section=main] [data-field=source]').waitFor();
  assert.deepEqual(await sections(), usual);
});

test('a new record shows its double while it is typed', async () => {
  await page.goto(`${house.url}/contacts`);
  await page.locator('a[data-create]').first().click();
  const form = page.locator('.slider [data-new]');
  await form.waitFor();
  await accessible(page, 'a new record');
  await form.locator('[name=last_name]').fill('Степанов');
  await form.locator('[name=first_name]').fill('Коля');
  await form.locator('[name=phone]').fill('8 913 555-10-01');
  await shows(form.locator('.alike a'), 'Степанов Николай');
  await page.keyboard.press('Control+Enter');
  await page.locator('.slider .card-view .badge-alike', { hasText: 'Степанов Николай' }).waitFor();
});

test('two records are joined, found under one address, and parted again', async () => {
  await page.goto(`${house.url}/doubles`);
  await accessible(page, 'the doubles');
  await page.locator('.pair .btn-primary').first().click();
  await page.locator('.compare').waitFor();
  await accessible(page, 'two records side by side');
  const dropped = page.url().split('/').pop();
  await page.locator('.compare-buttons .btn-primary').click();
  await page.locator('.card-view').waitFor();
  const kept = new URL(page.url()).pathname;
  await open(`/contacts/${dropped}`);
  assert.equal(new URL(page.url()).pathname, kept);
  await page.locator('[data-unmerge]').first().click();
  await page.locator('[data-unmerge]').waitFor({ state: 'detached' });
  await open(`/contacts/${dropped}`);
  await shows(page.locator('h1'), 'Степанов Коля');
});

test('what was deleted lies in the bin and comes back from it', async () => {
  page.once('dialog', (question) => question.accept());
  await Promise.all([page.waitForURL((url) => !/\d$/.test(url.pathname)), page.locator('[data-delete]').click()]);
  await page.goto(`${house.url}/bin/contacts`);
  await accessible(page, 'the bin');
  await page.locator('tr', { hasText: 'Степанов Коля' }).locator('[data-restore]').click();
  await page.locator('#toasts .note button').click();
  await shows(page.locator('.card-view h1'), 'Степанов Коля');
});

test('an operator works on a phone and nothing hangs out of the screen', async () => {
  const phone = await visitor(browser, { phone: true });
  await signIn(phone.page, house, 'operator');
  for (const address of ['/leads/1', '/contacts/1', '/leads/new', '/doubles', '/bin']) {
    await phone.page.goto(`${house.url}${address}`);
    for (const code of await phone.page.locator('.card-tablist [data-tab]').evaluateAll((list) => list.map((one) => one.dataset.tab))) {
      await phone.page.locator(`.card-tablist [data-tab="${code}"]`).click();
      await phone.page.waitForTimeout(150);
      const wide = await phone.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `${address}, ${code}: ${wide} px too wide`);
    }
    const wide = await phone.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `${address} is ${wide} px too wide`);
  }
  assert.deepEqual(phone.errors, []);
  await phone.context.close();
});

test('no script failed', () => assert.deepEqual(errors, []));
