// A file comes in, is looked at, imported, taken back; a list goes out.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser, openHouse, visitor } from '../house.mjs';
import { accessible, signIn } from '../people.mjs';

let house;
let browser;

before(async () => {
  [house, browser] = await Promise.all([openHouse(), openBrowser()]);
});

after(async () => {
  await browser?.close();
  await house?.close();
});

/** Waits until the operation on the screen stands so; its page asks for itself. */
const stands = (page, state) => page.waitForSelector(`.ex-state.${state}`, { timeout: 20_000 });

test('a file is previewed over all rows, imported, and taken back whole', async () => {
  const { page, context, errors } = await visitor(browser);
  await signIn(page, house, 'admin');
  let rows = 'Фамилия;Телефон;Дата рождения\r\n';
  for (let at = 0; at < 60; at++) rows += `Импортов ${at};+7 998 000-00-${String(at).padStart(2, '0')};${at % 20 === 0 ? '31.02.1990' : '01.02.1990'}\r\n`;
  rows += '=cmd|x;+7 998 000-00-99;\r\n';
  await page.goto(`${house.url}/contacts/import`);
  await accessible(page, 'this page');
  await page.setInputFiles('#import-file', { name: 'clients.csv', mimeType: 'text/csv', buffer: Buffer.from(rows) });
  await Promise.all([page.waitForURL(/import\/\d+$/), page.click('.ex-file button')]);
  assert.equal(await page.inputValue('select[name="column.1"]'), 'phone');
  await page.click('.ex-go button[type=button]');
  await page.waitForSelector('.ex-preview');
  assert.deepEqual(await page.locator('.ex-preview dd').allTextContents(), ['58', '0', '0', '3']);
  await accessible(page, 'this page');
  await Promise.all([page.waitForURL(/operations\/\d+$/), page.click('.ex-go .btn-primary')]);
  await stands(page, 'done');
  assert.deepEqual(await page.locator('.ex-counts dd').allTextContents(), ['58', '0', '0', '3']);
  await accessible(page, 'this page');
  const errorsFile = await (await page.request.get(await page.locator('a[href$="/errors"]').evaluate((link) => link.href))).text();
  assert.match(errorsFile, /Причина ошибки/);
  assert.equal(errorsFile.trim().split('\r\n').length, 4);
  const csv = await (await page.request.get(`${house.url}/contacts/export/file?view=&form=csv&column=last_name`)).text();
  assert.ok(csv.includes("\r\n'=cmd|x\r\n"), 'a formula is made safe');
  await page.click('form[action$="/undo"] button');
  await stands(page, 'undone');
  const left = await (await page.request.get(`${house.url}/contacts/export/file?view=&form=csv&column=last_name`)).text();
  assert.ok(!left.includes('Импортов'), 'nothing is left');
  assert.deepEqual(errors, []);
  await context.close();
});

test('the columns of an export are those of the list, and everything goes out as one archive', async () => {
  const { page, context, errors } = await visitor(browser, { lang: 'en', width: 390, height: 844 });
  await signIn(page, house, 'admin');
  await page.goto(`${house.url}/contacts/export?view=`);
  assert.ok(await page.locator('input[name=column][value=phone]').isChecked());
  await accessible(page, 'this page');
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing hangs out of the screen of a phone');
  const zip = await page.request.post(`${house.url}/everything`);
  assert.equal((await zip.body()).subarray(0, 4).toString('latin1'), 'PK\u0003\u0004');
  assert.deepEqual(errors, []);
  await context.close();
});
