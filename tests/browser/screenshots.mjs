// Makes the pictures of the guide: docs/guide/{board,card,cases,case,payments,robots,popup,phone}.{ru,en}.png. Run it again whenever the screens change.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBrowser, openHouse, visitor } from './house.mjs';
import { sendForm, signIn } from './people.mjs';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'docs', 'guide');
mkdirSync(folder, { recursive: true });

const browser = await openBrowser();
try {
  for (const lang of ['ru', 'en']) {
    const house = await openHouse();
    try {
      await pictures(house, lang);
    } finally {
      await house.close();
    }
  }
} finally {
  await browser.close();
}

async function pictures(house, lang) {
  const save = (page, name) => page.screenshot({ path: join(folder, `${name}.${lang}.png`) });
  const { page } = await visitor(browser, { lang, width: 1440, height: 900 });
  await signIn(page, house, 'admin');
  await speak(page, lang);
  await page.goto(`${house.url}/leads/board`);
  await page.waitForSelector('.tile');
  await save(page, 'board');
  await page.goto(`${house.url}/cases/board`);
  await page.waitForSelector('.tile');
  await save(page, 'cases');
  await page.locator('.tile-title').nth(3).click();
  await page.waitForSelector('.card-view');
  await page.waitForTimeout(1500);
  await save(page, 'case');
  await page.goto(`${house.url}/instalments/board`);
  await page.waitForSelector('.tile');
  await save(page, 'payments');

  const operator = await visitor(browser, { lang, width: 1440, height: 900 });
  await signIn(operator.page, house, 'operator');
  await speak(operator.page, lang);
  await operator.page.goto(`${house.url}/leads/board`);
  await operator.page.waitForSelector('.board');
  const client = await visitor(browser, { lang });
  const who = lang === 'ru' ? { name: 'Иван', query: '&utm_source=yandex' } : { name: 'John', query: '&utm_source=google', email: 'john@example.com' };
  await sendForm(client.page, house, { ...who, lang });
  await operator.page.waitForSelector('.popup');
  await operator.page.waitForTimeout(800);
  await save(operator.page, 'popup');

  await operator.page.locator('.popup [data-popup-open]').first().click();
  await operator.page.waitForSelector('.card-view');
  await operator.page.waitForTimeout(1500);
  await save(operator.page, 'card');

  await page.goto(`${house.url}/leads/robots`);
  await page.waitForSelector('.rb-card');
  await page.locator('.rb-cell[data-band=robot] .rb-card').nth(2).click();
  await page.waitForSelector('.rb-panel');
  await page.waitForTimeout(400);
  await save(page, 'robots');

  await client.page.goto(`${house.phone}${house.phone.includes('?') ? '&' : '?'}lang=${lang}`);
  await client.page.locator('#clients [role=option], #clients button').first().click().catch(() => undefined);
  await client.page.waitForTimeout(1500);
  await save(client.page, 'phone');
}

async function speak(page, lang) {
  await page.evaluate(async (wanted) => fetch('/language', { method: 'POST', body: new URLSearchParams({ lang: wanted, next: '/' }) }), lang);
}
