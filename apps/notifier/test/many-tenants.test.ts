import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@darkroom/testing';
import { expect, onTestFinished, test } from 'vitest';
import { createGates } from '../src/send/gates.ts';
import { startReceiver } from './receiver.ts';
import { setup } from './world.ts';

/** Starts a receiver that takes every notification, and answers none of them until it is told to. */
async function startLateReceiver() {
  const open = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    request.resume();
    open.add(response);
    response.once('close', () => open.delete(response));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const answerAll = (): void => {
    for (const response of open) response.writeHead(204).end();
  };
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, open, answerAll };
}

test('receivers of some tenants that answer late keep no place from those of another tenant', async () => {
  const world = await setup();
  const late = await startLateReceiver();
  const slow = ['slow-1', 'slow-2', 'slow-3'];
  for (const tenant of slow) for (let at = 0; at < 12; at += 1) await world.addEndpoint(`${late.url}?${at}`, { tenant });
  const good = await startReceiver();
  await world.addEndpoint(good.url, { tenant: 'good' });
  const { notifier } = await world.startNotifier({ concurrency: 40, timeoutMs: 60_000 });
  // a first round, which is answered late, and well: these endpoints count as living
  for (const tenant of slow) await world.end({ tenant });
  let answered = 0;
  await eventually(
    () => {
      answered += late.open.size;
      late.answerAll();
      expect(answered).toBeGreaterThanOrEqual(36);
    },
    { withinMs: 20_000 },
  );
  for (const tenant of slow) for (let at = 0; at < 10; at += 1) await world.end({ tenant });
  await eventually(() => expect(late.open.size).toBeGreaterThanOrEqual(20));
  const opened = new Set(late.open);
  for (let at = 0; at < 20; at += 1) await world.end({ tenant: 'good' });
  await good.until(20);
  // all of them came while the answers to the others were still awaited
  expect([...opened].filter((response) => late.open.has(response)).length).toBe(opened.size);
  await notifier.stop(AbortSignal.timeout(200));
});

test('endpoints that answer late stay in one half of the places, whatever tenant they belong to, and the next tenant finds a place there too', () => {
  let now = 0;
  const gates = createGates(100, () => now);
  const enter = (endpoint: string, tenant: string) => {
    const entered = gates.enter(endpoint, tenant);
    return 'pass' in entered ? entered.pass : undefined;
  };
  for (let tenant = 0; tenant < 5; tenant += 1)
    for (let at = 0; at < 20; at += 1) {
      const pass = enter(`late-${tenant}-${at}`, `late-${tenant}`);
      now += 5000;
      pass?.leave(true);
    }
  let inside = 0;
  const ofTenants: number[] = [];
  for (let tenant = 0; tenant < 5; tenant += 1) {
    const before = inside;
    for (let at = 0; at < 200; at += 1) if (enter(`late-${tenant}-${at % 20}`, `late-${tenant}`) !== undefined) inside += 1;
    ofTenants.push(inside - before);
  }
  expect(inside).toBeLessThanOrEqual(50);
  expect(Math.min(...ofTenants)).toBeGreaterThan(0);
  expect(enter('new', 'of-the-next'), 'a place for the next tenant').toBeDefined();
  enter('quick', 'quick')?.leave(true);
  expect([1, 2, 3, 4, 5, 6, 7, 8].map(() => enter('quick', 'quick') !== undefined)).toEqual(Array.from({ length: 8 }, () => true));
  expect(enter('quick', 'quick'), 'no endpoint takes more').toBeUndefined();
});
