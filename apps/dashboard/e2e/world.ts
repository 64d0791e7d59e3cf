import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aclRulesOf, redisRights } from '@darkroom/generation-store';
import { createProducer } from '@darkroom/producer';
import { createLogger } from '@darkroom/service-runtime';
import { findChromium, startFleet } from '@darkroom/testing';
import axe from 'axe-core';
import { Redis } from 'ioredis';
import { chromium, type BrowserContextOptions } from 'playwright-core';
import { createDashboard } from '../src/app.ts';

const ACTS = { username: 'darkroom', password: 'correct-horse-battery' };
const LOOKS = { username: 'look', password: 'only-for-the-eyes' };
const local = fileURLToPath(new URL('../../../.local', import.meta.url));
const screens = join(local, 'screens');

export { LOOKS };

/** Starts a Darkroom with a dashboard and a browser. */
export async function startWorld() {
  const fleet = await startFleet({ workers: 1 });
  const { redisUrl, prefix } = fleet;
  const producer = createProducer({ redisUrl, prefix });
  // With just the rights of its Redis user: a page that needs another one fails.
  const admin = new Redis(redisUrl);
  await admin.call('ACL', 'SETUSER', 'dashboard', 'reset', 'on', '>secret', ...aclRulesOf(redisRights.dashboard, prefix));
  admin.disconnect();
  let log = '';
  const dashboard = createDashboard(
    {
      redis: { url: redisUrl.replace('redis://', 'redis://dashboard:secret@'), prefix },
      access: { user: ACTS.username, password: ACTS.password, look: { user: LOOKS.username, password: LOOKS.password } },
      path: '/ops/darkroom',
      pages: { showPrompts: false },
      pictures: fleet.s3Config,
      log: { level: 'debug', logPrompts: false },
      listen: { host: '127.0.0.1', port: 0 },
    },
    { logger: createLogger({ name: 'test', level: 'debug' }, { write: (line) => (log += line) }) },
  );
  await dashboard.start();
  const { executablePath, environment } = await findChromium(local, process.env);
  const flags = '--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
  const browser = await chromium.launch({ executablePath, env: environment, chromiumSandbox: false, args: flags.split(' ') });
  await mkdir(screens, { recursive: true });
  return {
    fleet,
    producer,
    url: `${dashboard.url()}/ops/darkroom`,
    log: () => log,
    /** Asks as an operator, without a browser. */
    ask: (path: string, init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string>; as?: typeof ACTS } = {}) =>
      fetch(`${dashboard.url()}/ops/darkroom${path}`, {
        redirect: 'manual',
        ...init,
        headers: { authorization: `Basic ${btoa(`${(init.as ?? ACTS).username}:${(init.as ?? ACTS).password}`)}`, ...init.headers },
      }),
    /** Opens a page as an operator; collects what the browser complains about. */
    async open(path: string, options: BrowserContextOptions = {}) {
      const context = await browser.newContext({
        viewport: { width: 1440, height: 900 },
        httpCredentials: ACTS,
        ...options,
      });
      const page = await context.newPage();
      const complaints: string[] = [];
      const foreign: string[] = [];
      page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on(
        'request',
        (request) => void (request.url().startsWith(dashboard.url()) || request.url().startsWith('data:') || foreign.push(request.url())),
      );
      await page.goto(`${dashboard.url()}/ops/darkroom${path}`, { waitUntil: 'domcontentloaded' });
      return {
        page,
        complaints,
        foreign,
        shoot: (name: string) => page.screenshot({ path: join(screens, `${name}.png`), fullPage: true }),
        /** Returns what axe finds wrong with the page for people who use a screen reader or see less. */
        async findBarriers() {
          // by the debugger, so that the policy of the page holds
          await page.evaluate(axe.source);
          return page.evaluate(async () => {
            const { violations } = await (
              globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }
            ).axe.run();
            return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
          });
        },
      };
    },
    async stop() {
      await browser.close();
      await dashboard.stop();
      await producer.close();
      await fleet.stop();
    },
  };
}
