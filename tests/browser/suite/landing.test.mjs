// The public form, as a visitor meets it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser, openHouse, visitor } from '../house.mjs';
import { accessible, sendForm } from '../people.mjs';

let house;
let browser;

before(async () => {
  [house, browser] = await Promise.all([openHouse(), openBrowser()]);
});

after(async () => {
  await browser?.close();
  await house?.close();
});

test('boxes are empty, reasons stand at their fields, and nothing typed is lost', async () => {
  const { page, context, errors } = await visitor(browser);
  await page.goto(house.landing);
  assert.equal(await page.locator('form[data-landing] input[type=checkbox]').count(), 2);
  assert.equal(await page.locator('form[data-landing] input[type=checkbox]:checked').count(), 0);
  await page.fill('[name="contact.first_name"]', 'Иван');
  await page.click('.send');
  assert.equal(await page.locator('.wrong:not(:empty)').count(), 2, 'phone and consent');
  await page.fill('[name="contact.phone"]', 'позвоните мне');
  await page.locator('form[data-landing] input[type=checkbox][required]').check();
  await house.advance('10s');
  await page.click('.send');
  await page.waitForFunction(() => document.querySelector('[name="contact.phone"]').getAttribute('aria-invalid') === 'true');
  assert.equal(await page.inputValue('[name="contact.first_name"]'), 'Иван');
  assert.deepEqual(errors, []);
  await context.close();
});

test('the warning takes at least seven hundredths of the page on every screen', async () => {
  for (const size of [{ phone: true }, { width: 1024, height: 768 }, { width: 1440, height: 900 }, { width: 2560, height: 1440 }]) {
    const { page, context } = await visitor(browser, size);
    await page.goto(house.landing);
    const share = await page.evaluate(() => {
      const box = document.querySelector('.warning').getBoundingClientRect();
      return (box.width * box.height) / (document.documentElement.scrollWidth * document.documentElement.scrollHeight);
    });
    assert.ok(share >= 0.07, `${JSON.stringify(size)}: ${share}`);
    await context.close();
  }
});

test('an application is sent once however often the button is pressed, and its number is told', async () => {
  const { page, context, errors } = await visitor(browser);
  let posts = 0;
  page.on('request', (request) => (posts += request.method() === 'POST' ? 1 : 0));
  await page.goto(`${house.landing}?utm_source=yandex&utm_campaign=debts`);
  assert.equal(await page.inputValue('[name="utm_source"]'), 'yandex');
  await page.fill('[name="contact.first_name"]', 'Иван');
  await page.fill('[name="contact.phone"]', '8 (999) 000-11-22');
  await page.locator('form[data-landing] input[type=checkbox][required]').check();
  await house.advance('10s');
  await page.locator('.send').dblclick();
  await page.waitForSelector('.thanks');
  assert.equal(posts, 1);
  assert.match(await page.locator('.thanks .number').textContent(), /\d+/);
  await accessible(page, 'the thank-you page');
  assert.deepEqual(errors, []);
  await context.close();
});

test('the form works without JavaScript', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false, locale: 'ru-RU' });
  const page = await context.newPage();
  await page.goto(house.landing);
  await page.fill('[name="contact.first_name"]', 'Пётр');
  await page.fill('[name="contact.phone"]', '+7 999 000-33-44');
  await page.locator('form[data-landing] input[type=checkbox][required]').check();
  await house.advance('10s');
  await page.click('.send');
  await page.waitForSelector('.thanks');
  assert.match(await page.locator('.thanks .number').textContent(), /\d+/);
  await context.close();
});

for (const lang of ['ru', 'en']) {
  test(`the form speaks ${lang} and can be used by everybody, on a phone too`, async () => {
    for (const phone of [false, true]) {
      const { page, context } = await visitor(browser, { lang, phone });
      await page.goto(`${house.landing}?lang=${lang}`);
      assert.equal(await page.getAttribute('html', 'lang'), lang);
      assert.match(await page.locator('h1').textContent(), lang === 'ru' ? /списание/ : /relief/);
      const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
      assert.ok(wide <= screen, `nothing sticks out at the side: ${wide} of ${screen}`);
      await accessible(page, `the form in ${lang}`);
      await context.close();
    }
  });
}

test('the form speaks English to the end', async () => {
  const { page, context } = await visitor(browser, { lang: 'en' });
  await sendForm(page, house, { lang: 'en', phone: '+7 999 000-55-66', email: 'john@example.com', name: 'John' });
  assert.match(await page.locator('.thanks').textContent(), /Thank you/);
  await context.close();
});
