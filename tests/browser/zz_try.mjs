import { openBrowser, visitor } from './house.mjs';
const url = process.env.URL ?? 'http://127.0.0.1:8117';
const browser = await openBrowser();
const { page, errors } = await visitor(browser, { lang: process.env.L ?? 'ru', phone: !!process.env.PHONE, width: 1440, height: 900 });
await page.goto(`${url}/login`);
await page.fill('#login', 'admin'); await page.fill('#password', 'vekha-vekha');
await Promise.all([page.waitForURL((u) => !u.pathname.startsWith('/login')), page.click('form[action="/login"] button')]);
if (process.env.L === 'en') await page.evaluate(async () => fetch('/language', { method: 'POST', body: new URLSearchParams({ lang: 'en', next: '/' }) }));
const steps = (await import(process.argv[2])).default;
try { await steps({ page, url, shot: (name) => page.screenshot({ path: `/tmp/w/shots/${name}.png` }) }); } catch (e) { console.log('FAILED', e.message); await page.screenshot({ path: '/tmp/w/shots/failed.png' }); }
console.log('errors', errors);
await browser.close();
