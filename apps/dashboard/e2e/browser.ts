import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findChromium } from '@darkroom/testing';
import axe from 'axe-core';
import { chromium, type BrowserContextOptions } from 'playwright-core';

/** A user who may act. */
export const ACTS = { username: 'darkroom', password: 'correct-horse-battery' };

const local = fileURLToPath(new URL('../../../.local', import.meta.url));
const screens = join(local, 'screens');

/** Starts a browser for the pages of a dashboard. @param url Its address, with the path of its proxy. */
export async function startBrowser(url: string) {
  const { executablePath, environment } = await findChromium(local, process.env);
  const flags = '--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
  const browser = await chromium.launch({ executablePath, env: environment, chromiumSandbox: false, args: flags.split(' ') });
  await mkdir(screens, { recursive: true });
  return {
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
        (request) =>
          void (request.url().startsWith(new URL(url).origin) || request.url().startsWith('data:') || foreign.push(request.url())),
      );
      await page.goto(`${url}${path}`, { waitUntil: 'domcontentloaded' });
      return {
        page,
        complaints,
        foreign,
        shoot: (name: string) => page.screenshot({ path: join(screens, `${name}.png`), fullPage: true }),
        /**
         * Returns what axe finds wrong with the page for people who use a screen reader or see less.
         * @param rules Those that are asked; by default all of the standard.
         */
        async findBarriers(rules?: readonly string[]) {
          // by the debugger, so that the policy of the page holds
          await page.evaluate(axe.source);
          return page.evaluate(async (only) => {
            const { violations } = await (
              globalThis as unknown as {
                axe: { run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
              }
            ).axe.run(only === undefined ? {} : { runOnly: { type: 'rule', values: only } });
            return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
          }, rules);
        },
      };
    },
    stop: () => browser.close(),
  };
}
