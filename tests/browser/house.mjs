// Starts the demo and the browser for a suite, and stops both.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');

/** The program: VEKHA_BIN, or the newest usual build. */
function program() {
  const places = [process.env.VEKHA_BIN, ...['quick', 'release', 'debug'].map((profile) => join(target, profile, 'vekha'))];
  const found = places.find((place) => place && existsSync(place));
  if (!found) throw new Error(`no vekha binary: build it (cargo build -p app) or set VEKHA_BIN; looked at ${places.filter(Boolean).join(', ')}`);
  return found;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Runs `vekha demo --virtual-clock` in a folder of its own; with a pack, the demo of that pack. */
export async function openHouse({ pack } = {}) {
  const data = mkdtempSync(join(tmpdir(), 'vekha-browser-'));
  const listen = `127.0.0.1:${await freePort()}`;
  const child = spawn(program(), ['demo', '--virtual-clock', '--data', data, '--listen', listen, ...(pack ? ['--pack', pack] : [])], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, VEKHA_LOG: process.env.VEKHA_LOG ?? 'warn' } });
  const said = [];
  child.stderr.setEncoding('utf8').on('data', (text) => said.push(text));
  const demo = await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`the demo did not say where it is within a minute\n${said.join('')}`)), 60_000);
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('{')) return;
      clearTimeout(late);
      resolve(JSON.parse(line));
    });
    child.once('exit', (code) => {
      clearTimeout(late);
      reject(new Error(`the demo ended with ${code}\n${said.join('')}`));
    });
  });
  await answers(`${demo.url}/health`);
  return {
    ...demo,
    said,
    login: (role) => demo.logins.find((one) => one.role === role) ?? demo.logins[0],
    /** Moves the clock: `2h`, `15m`, `3d`. */
    async advance(by) {
      const answer = await fetch(`${demo.url}/demo/clock`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ advance: by }) });
      if (!answer.ok) throw new Error(`the clock did not move: ${answer.status} ${await answer.text()}`);
    },
    async close() {
      if (child.exitCode === null) {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
        await ended;
        clearTimeout(late);
      }
      rmSync(data, { recursive: true, force: true });
    },
  };
}

async function answers(url) {
  for (let tries = 0; tries < 100; tries += 1) {
    const ok = await fetch(url).then((answer) => answer.ok, () => false);
    if (ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} does not answer`);
}

/** Debian's Chromium; nothing it would like to fetch from elsewhere. */
export function openBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'],
  });
}

/** A fresh visitor. Errors of the page's scripts are collected in `errors` and fail the test that looks at them. */
export async function visitor(browser, { lang = 'ru', phone = false, width = 1440, height = 900 } = {}) {
  const context = await browser.newContext({
    locale: lang === 'ru' ? 'ru-RU' : 'en-GB',
    viewport: phone ? { width: 390, height: 844 } : { width, height },
    isMobile: phone,
    hasTouch: phone,
    deviceScaleFactor: phone ? 2 : 1,
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.stack ?? String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) errors.push(message.text());
  });
  return { context, page, errors };
}
