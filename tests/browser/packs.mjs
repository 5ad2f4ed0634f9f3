// Makes the pictures of the packs: docs/guide/packs/<pack>-{board,card}.{ru,en}.png. Run it again whenever the screens change.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBrowser, openHouse, visitor } from './house.mjs';
import { signIn } from './people.mjs';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'docs', 'guide', 'packs');
mkdirSync(folder, { recursive: true });

/** The board that a salesman shows first, and the card he opens: one in the middle of its way. */
const shown = {
  'debt-relief': { board: 'leads', card: 'cases', number: 6 },
  'visa-center': { board: 'deals', card: 'deals', number: 8 },
  telecom: { board: 'connects', card: 'accounts', number: 8 },
  'after-sales': { board: 'appeals', card: 'appeals', number: 21 },
};

const browser = await openBrowser();
try {
  for (const [pack, { board, card, number }] of Object.entries(shown)) {
    const house = await openHouse({ pack });
    try {
      for (const lang of ['ru', 'en']) {
        const { page } = await visitor(browser, { lang, width: 1440, height: 900 });
        await signIn(page, house, 'admin');
        await page.evaluate(async (wanted) => fetch('/language', { method: 'POST', body: new URLSearchParams({ lang: wanted, next: '/' }) }), lang);
        await page.goto(`${house.url}/${board}/board`);
        await page.waitForSelector('.tile');
        await page.screenshot({ path: join(folder, `${pack}-board.${lang}.png`) });
        await page.goto(`${house.url}/${card}/${number}`);
        await page.waitForSelector('.card-view');
        await page.waitForTimeout(800);
        await page.screenshot({ path: join(folder, `${pack}-card.${lang}.png`) });
        await page.context().close();
      }
    } finally {
      await house.close();
    }
  }
} finally {
  await browser.close();
}
