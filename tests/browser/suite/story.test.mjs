// The main job on the screens: an application comes in, the operator sees it at once, calls, and the card goes on by itself.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser, openHouse, visitor } from '../house.mjs';
import { drag, faults, sendForm, signIn } from '../people.mjs';

let house;
let browser;
let anna;
let boris;

before(async () => {
  [house, browser] = await Promise.all([openHouse(), openBrowser()]);
  anna = await visitor(browser);
  boris = await visitor(browser);
  await signIn(anna.page, house, 'operator');
  await signIn(boris.page, house, 'manager');
});

after(async () => {
  await browser?.close();
  await house?.close();
});

/** What axe found on the way; the last test looks at it, so that the story itself goes on. */
const found = [];
const look = async (page, what) => found.push(...(await faults(page, what)));

const column = (page, title) => page.locator(`.column[data-title="${title}"]`);
const tile = (page, name) => page.locator('.tile', { hasText: name });

/** What the operator writes into the card while he talks: without it there is no consultation. */
async function heard(id) {
  const fields = { ufCrmRegion: '54', ufCrmOverdueState: 'over_90', ufCrmFsspState: 'open', ufCrmPropertyFlags: ['only_home'] };
  const answer = await fetch(`${house.webhook}crm.item.update`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ entityTypeId: 1, id, fields }) });
  assert.equal((await answer.json()).error, undefined);
}

/** Waits until a question to the page is answered with yes; the board changes under its feet. */
const until = (page, question, given) => page.waitForFunction(question, given, { timeout: 10_000 });

test('the operator sees the pop-up with the client within a second of the application', async () => {
  await anna.page.goto(`${house.url}/leads/board`);
  await boris.page.goto(`${house.url}/leads/board`);
  await anna.page.waitForSelector('.board');
  const client = await visitor(browser, { phone: true });
  const page = client.page;
  await page.goto(`${house.landing}?lang=ru&utm_source=yandex`);
  await page.fill('[name="contact.first_name"]', 'Сергей');
  await page.fill('[name="contact.phone"]', '8 (999) 000-77-88');
  await page.fill('[name="contact.email"]', 'sergey@example.com');
  await page.fill('[name="lead.debt_total"]', '425 950');
  await page.locator('form[data-landing] input[type=checkbox][required]').check();
  await house.advance('10s');
  const accepted = page.waitForResponse((answer) => answer.request().method() === 'POST' && answer.url().includes('/f/'));
  await page.click('.send');
  await accepted;
  const begun = Date.now();
  await anna.page.waitForSelector('.popup', { timeout: 5_000 });
  const late = Date.now() - begun;
  assert.ok(late < 1_000, `the pop-up came after ${late} ms`);
  const popup = anna.page.locator('.popup').first();
  assert.match(await popup.textContent(), /Сергей/);
  assert.match(await popup.textContent(), /\+7 999 000-77-88/);
  await look(anna.page, 'the board with the pop-up');
  await client.context.close();
});

test('the card opens over the board with the task and the message to the client', async () => {
  const { page } = anna;
  await page.locator('.popup [data-popup-open]').first().click();
  const card = page.locator('.card-view');
  await card.waitFor();
  assert.match(await card.locator('.planned').textContent(), /Позвонить: Сергей/);
  await until(page, () => /Мы получили вашу заявку/.test(document.querySelector('.story')?.textContent ?? ''));
  assert.match(new URL(page.url()).pathname, /^\/leads\/\d+$/, 'the address can be given to a colleague');
  await look(page, 'the card');
  await page.keyboard.press('Escape');
  await card.waitFor({ state: 'detached' });
  assert.equal(new URL(page.url()).pathname, '/leads/board');
});

test('the card is dragged to another column and a colleague sees it without reloading', async () => {
  const { page } = anna;
  const name = await tile(page, 'Сергей').first().getAttribute('id');
  await drag(page, page.locator(`#${name}`), column(page, 'Взята в работу').locator('[data-tiles]'));
  await until(page, (id) => document.getElementById(id)?.closest('.column')?.dataset.title === 'Взята в работу', name);
  await until(boris.page, (id) => document.getElementById(id)?.closest('.column')?.dataset.title === 'Взята в работу', name);
  await page.reload();
  await until(page, (id) => document.getElementById(id)?.closest('.column')?.dataset.title === 'Взята в работу', name);
});

test('the completed task moves the card by itself', async () => {
  const { page } = anna;
  const name = await tile(page, 'Сергей').first().getAttribute('id');
  await heard(name.replace('tile-', ''));
  await page.goto(`${house.url}/tasks/my`);
  await look(page, 'my tasks');
  await page.locator('.task-line', { hasText: 'Сергей' }).locator('.tick-box').click();
  await page.waitForSelector('.task-line >> text=Сергей', { state: 'detached' });
  await until(boris.page, (id) => document.getElementById(id)?.closest('.column')?.dataset.title === 'Консультация назначена', name);
});

test('two hours later the letter with the summary is in the card and in the client’s mailbox', async () => {
  const { page } = anna;
  await house.advance('2h');
  await page.goto(`${house.url}/leads/board`);
  await tile(page, 'Сергей').first().locator('.tile-title').click();
  await page.waitForSelector('.card-view');
  await until(page, () => /Итоги консультации/.test(document.querySelector('.story')?.textContent ?? ''));
  await page.locator('[data-tab=automation]').click();
  await page.waitForSelector('.automation .step');
  assert.match(await page.locator('.automation').textContent(), /Клиенту позвонили/);
  await look(page, 'the automation of the card');
  const client = await visitor(browser);
  await client.page.goto(house.phone);
  await client.page.locator('#clients >> text=Сергей').first().click();
  await client.page.locator('[role=tab][data-app=mail]').click();
  await client.page.waitForSelector('#letters >> text=Итоги консультации');
  await client.context.close();
});

test('the client reads the message on his phone and answers, and the answer stands in the card', async () => {
  const { page } = anna;
  const client = await visitor(browser);
  await client.page.goto(house.phone);
  await client.page.locator('#clients >> text=Сергей').first().click();
  await client.page.waitForSelector('#chat >> text=Мы получили вашу заявку');
  await client.page.fill('#text', 'Спасибо, жду звонка вечером');
  await client.page.locator('#say button').click();
  await client.page.waitForSelector('#chat >> text=жду звонка вечером');
  await page.goto(`${house.url}/leads/board`);
  await tile(page, 'Сергей').first().locator('.tile-title').click();
  await until(page, () => /жду звонка вечером/.test(document.querySelector('.story')?.textContent ?? ''));
  await client.context.close();
});

test('the application becomes a deal from the card', async () => {
  const { page } = boris;
  await page.goto(`${house.url}/leads/board`);
  const href = await tile(page, 'Сергей').first().locator('.tile-title').getAttribute('href');
  await page.goto(`${house.url}${href}`);
  await page.locator('.segment-end > button').click();
  await page.locator('.segment-end .dropdown-item', { hasText: 'Договор: в сделку' }).click();
  await page.waitForSelector('.segment.won');
  await page.goto(`${house.url}/deals/board`);
  await until(page, () => /Сергей/.test(document.querySelector('.column[data-title="Анализ ситуации"]')?.textContent ?? ''));
});

test('the same client comes again: the pop-up tells his history', async () => {
  await anna.page.goto(`${house.url}/leads/board`);
  await anna.page.waitForSelector('.board');
  const client = await visitor(browser);
  await sendForm(client.page, house, { name: 'Сергей', phone: '+79990007788', email: 'sergey@example.com' });
  const popup = anna.page.locator('.popup').last();
  await popup.waitFor();
  assert.ok((await popup.locator('.popup-open li, .popup-past li').count()) > 0);
  await popup.locator('[data-popup-close]').last().click();
  await client.context.close();
});

test('a card goes through the board by keyboard alone', async () => {
  const { page } = boris;
  await page.goto(`${house.url}/leads/board`);
  await page.waitForSelector('.tile');
  await page.keyboard.press('j');
  const id = await page.evaluate(() => document.activeElement?.id ?? '');
  assert.match(id, /^tile-\d+$/, 'J takes the first card');
  await page.keyboard.press('m');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.card-view');
  await page.keyboard.press('Escape');
  await page.waitForSelector('.card-view', { state: 'detached' });
  await page.keyboard.press('/');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'search');
});

for (const lang of ['ru', 'en']) {
  test(`all pages can be used by everybody in ${lang}, wide and on a phone`, async () => {
    for (const phone of [false, true]) {
      const admin = await visitor(browser, { lang, phone });
      const { page } = admin;
      await page.goto(`${house.url}/login`);
      await look(page, `sign-in ${lang}`);
      await signIn(page, house, 'admin');
      await page.evaluate(async (wanted) => fetch('/language', { method: 'POST', body: new URLSearchParams({ lang: wanted, next: '/' }) }), lang);
      for (const path of ['/leads/board', '/leads', '/deals/board', '/deals', '/cases/board', '/instalments/board', '/contacts', '/tasks/my', '/notices', '/leads/robots', '/settings/channels', '/settings/channels/1', '/settings/webhooks']) {
        const answer = await page.goto(`${house.url}${path}`);
        assert.equal(answer.status(), 200, path);
        assert.equal(await page.getAttribute('html', 'lang'), lang, path);
        await page.waitForTimeout(150);
        const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
        assert.ok(wide <= screen, `${path} sticks out at the side: ${wide} of ${screen}`);
        await look(page, `${path} in ${lang}${phone ? ' on a phone' : ''}`);
      }
      assert.deepEqual(admin.errors, [], 'no script failed');
      await admin.context.close();
    }
  });
}

test('every screen of the story can be used by everybody', () => {
  assert.deepEqual(found, []);
});

test('no script of the operator’s and the manager’s pages failed', () => {
  assert.deepEqual(anna.errors, []);
  assert.deepEqual(boris.errors, []);
});
