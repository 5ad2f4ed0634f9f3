// The client's phone of the demo: he fills in the form inside it, reads what came, answers, and plays bad weather.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser, openHouse, visitor } from '../house.mjs';
import { accessible } from '../people.mjs';

let house;
let browser;

before(async () => {
  house = await openHouse();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await house?.close();
});

const maria = (page) => page.locator('#clients [role=option]', { hasText: 'Мария' });

test('the form is filled in inside the phone and the answer comes into its chat', async () => {
  const { page, context, errors } = await visitor(browser);
  await page.goto(house.phone);
  await maria(page).click();
  await page.locator('[role=tab][data-app=form]').click();
  const form = page.frameLocator('#frame');
  await form.locator('[name="contact.phone"]').waitFor();
  await page.click('#fill');
  await page.waitForSelector('#fill:not([disabled])');
  assert.equal(await form.locator('[name="contact.first_name"]').inputValue(), 'Мария');
  assert.equal(await form.locator('[name="contact.phone"]').inputValue(), '+79990003344');
  assert.equal(await form.locator('[name="contact.email"]').inputValue(), 'petrova@example.com');
  // Nobody fills in a form in under three seconds.
  await house.advance('10s');
  await form.locator('.send').click();
  await form.locator('.thanks').waitFor();
  await page.waitForSelector('#badge-chat:not([hidden])');
  await page.locator('[role=tab][data-app=chat]').click();
  await page.waitForSelector('#chat >> text=Мария, здравствуйте! Мы получили вашу заявку');
  assert.doesNotMatch(await page.locator('#chat').textContent(), /\{\{|template/, 'the client never reads a hole');
  await page.waitForSelector('#badge-chat', { state: 'hidden' });
  assert.deepEqual(errors, []);
  await context.close();
});

test('an answer of the client opens the 24-hour window and stays after reloading', async () => {
  const { page, context } = await visitor(browser);
  await page.goto(house.phone);
  await maria(page).click();
  await page.waitForSelector('#window.closed');
  await page.fill('#text', 'Когда <b>позвоните</b>?');
  await page.press('#text', 'Enter');
  await page.waitForSelector('.bubble.mine .ticks >> text=✓✓');
  await page.waitForSelector('#window:not(.closed)');
  await page.reload();
  assert.match(await page.locator('.bubble.mine').textContent(), /Когда <b>позвоните<\/b>\?/);
  await house.advance('25h');
  await page.waitForSelector('#window.closed');
  await context.close();
});

test('another phone is added and the weather is switched', async () => {
  const { page, context } = await visitor(browser);
  await page.goto(house.phone);
  await page.waitForSelector('#clients [role=option]');
  await page.click('#another summary');
  await page.click('#client-form button');
  await page.waitForFunction(() => document.querySelector('#client-error').textContent !== '');
  await page.fill('#client-form [name=name]', 'Пётр Новый');
  await page.fill('#client-form [name=phone]', '8 (912) 345-67-89');
  await page.click('#client-form button');
  await page.waitForSelector('#clients [aria-selected=true] >> text=Пётр Новый');
  await page.check('#bad');
  await page.reload();
  await page.waitForFunction(() => document.querySelector('#bad').checked);
  await page.uncheck('#bad');
  await context.close();
});

for (const lang of ['ru', 'en']) {
  test(`the phone can be used by everybody in ${lang}, wide and on a phone`, async () => {
    for (const phone of [false, true]) {
      for (const app of ['chat', 'mail', 'form']) {
        const { page, context, errors } = await visitor(browser, { lang, phone });
        await page.goto(`${house.phone}?lang=${lang}&app=${app}`);
        await page.waitForSelector('#clients [role=option]');
        assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= (phone ? 390 : 1440));
        // Before axe comes in: the page's policy complains about its script.
        assert.deepEqual(errors, []);
        await accessible(page, `the phone, ${app}, ${lang}`);
        await context.close();
      }
    }
  });
}
