// usage: node zz-shot.mjs lang login name path [phone] [js]
import { openBrowser, visitor } from './house.mjs';
const [lang, login, ...shots] = process.argv.slice(2);
const base = process.env.BASE ?? 'http://127.0.0.1:8191';
const browser = await openBrowser();
for (const phone of [false, true]) {
  if (process.env.ONLY === 'desk' && phone) continue; if (process.env.ONLY === 'phone' && !phone) continue;
  const { page, errors } = await visitor(browser, { lang, phone });
  await page.goto(`${base}/login`);
  await page.fill('#login', login); await page.fill('#password', 'vekha-vekha');
  await Promise.all([page.waitForURL((u) => !u.pathname.startsWith('/login')), page.click('form[action="/login"] button')]);
  await page.evaluate(async (w) => fetch('/language', { method: 'POST', body: new URLSearchParams({ lang: w, next: '/' }) }), lang);
  for (const shot of shots) {
    const [name, path, js] = shot.split('|');
    await page.goto(base + path); await page.waitForTimeout(700);
    if (js) { try { await eval(`(async()=>{${js}})()`); } catch (e) { console.log(name, 'JS', e.message.slice(0, 300)); } await page.waitForTimeout(500); }
    await page.screenshot({ path: `/tmp/w/views-shots/${name}.${lang}.${phone ? 'phone' : 'desk'}.png` });
  }
  if (errors.length) console.log('ERRORS', errors);
}
await browser.close();
