import { trickleUntilHungUp, uniquePrefix } from '@darkroom/testing';
import { expect, inject, test } from 'vitest';
import { createDashboard } from '../src/app.ts';
import { openWorld, startDashboard } from './setup.ts';

const configOf = (url: string) => ({
  redis: { url, prefix: uniquePrefix() },
  access: { user: 'darkroom', password: undefined, look: undefined },
  path: '',
  pages: { showPrompts: false },
  pictures: undefined,
  log: { level: 'silent' as const, logPrompts: false },
  listen: { host: '127.0.0.1', port: 0 },
});

test('a stop before the start, a second stop and a start after it do nothing', async () => {
  const dashboard = createDashboard(configOf(inject('redisUrl')));
  await dashboard.stop();
  await dashboard.stop();
  await dashboard.start();
  expect(() => dashboard.url()).toThrow('has no address');
});

test('a client that sends its request byte by byte is disconnected', async () => {
  const { dashboard } = await startDashboard(openWorld(), { requestLimitMs: 300 });
  expect(await trickleUntilHungUp(dashboard.url())).toBeLessThan(2500);
});

test('on a port in use the start fails, and the stop still closes everything', async () => {
  const { dashboard } = await startDashboard(openWorld());
  const config = configOf(inject('redisUrl'));
  const second = createDashboard({ ...config, listen: { host: '127.0.0.1', port: Number(new URL(dashboard.url()).port) } });
  await expect(second.start()).rejects.toThrow('EADDRINUSE');
  await second.stop();
});

test('without Redis the dashboard starts, is live and not ready, shows the error on the board, and stops', async () => {
  const dashboard = createDashboard(configOf('redis://user:hunter22@127.0.0.1:1'));
  await dashboard.start();
  const statusOf = async (path: string): Promise<number> => (await fetch(dashboard.url() + path)).status;
  expect(await statusOf('/livez')).toBe(200);
  expect(await statusOf('/readyz')).toBe(503);
  expect(await statusOf('/queues/')).toBe(200);
  const board = await fetch(`${dashboard.url()}/queues/api/queues`);
  expect(board.status).toBe(500);
  expect(await board.text()).not.toContain('hunter22');
  const page = await fetch(`${dashboard.url()}/`);
  expect(page.status).toBe(503);
  expect(await page.text()).toMatch(/Redis cannot be used \(refused\): nothing listens there(?!.*hunter22)/s);
  expect(await (await fetch(`${dashboard.url()}/metrics`)).text()).toContain('# TYPE darkroom_jobs gauge');
  const stoppingAt = performance.now();
  await dashboard.stop();
  expect(performance.now() - stoppingAt).toBeLessThan(2000);
});
