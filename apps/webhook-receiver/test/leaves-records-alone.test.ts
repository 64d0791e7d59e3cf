import { expect, test } from 'vitest';
import { dial } from './dial.ts';
import { buildForgeries } from './forgeries.ts';
import { buildHostileRequests } from './hostile-requests.ts';
import { setupOnRedis } from './redis-world.ts';
import { pathOf } from './setup.ts';

const other = { generationId: '017f22e2-79b0-7cc3-98c4-dc0c0c07398f', index: 1, n: 1 };

test('no forgery changes a byte in Redis', async () => {
  const { ref, receiver, capabilityOf, dump, stateOf } = await setupOnRedis();
  const before = await dump();
  const forgeries = Object.entries(buildForgeries({ capability: capabilityOf(ref), other: capabilityOf(other) }));
  for (const [name, path] of forgeries) {
    const response = await fetch(receiver.url() + path, {
      method: 'POST',
      body: JSON.stringify({ status: 'error', code: 'timeoutProvider' }),
    });
    expect([response.status, await response.text()], name).toEqual([401, '']);
  }
  expect(await dump()).toEqual(before);
  expect(await stateOf(ref)).toBe('delayed');
  expect(Object.keys(before).length, 'Redis was not empty').toBeGreaterThan(5);
});

test('no invalid request changes a byte in Redis, and no answer gives a reason', async () => {
  const { ref, receiver, capabilityOf, dump } = await setupOnRedis();
  const before = await dump();
  const requests = Object.entries(buildHostileRequests(pathOf(capabilityOf(ref))));
  for (const [name, { say, hears }] of requests) {
    const line = await dial(receiver.url());
    for (const words of say) line.say(words);
    if (hears === '') await line.closed();
    else await expect.poll(() => line.heard().split(' ')[1], { timeout: 5000, interval: 2, message: name }).toBe(hears);
    const answer = line.heard();
    expect(answer.slice(answer.indexOf('\r\n\r\n') + 4), name).toMatch(/^(0\r\n\r\n)?$/);
    expect(answer, name).not.toMatch(/fastify|node|stack|capability/i);
    line.hangUp();
  }
  expect(await dump()).toEqual(before);
  expect(requests.length).toBeGreaterThanOrEqual(40);
});

test('bytes after a valid request on its connection are not kept with it', async () => {
  const { ref, store, receiver, capabilityOf } = await setupOnRedis();
  const good = pathOf(capabilityOf(ref));
  const line = await dial(receiver.url());
  const forged = `POST ${good}x HTTP/1.1\r\nHost: a\r\nContent-Length: 14\r\n\r\n{"forged":true}`;
  line.say(`POST ${good} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}${forged}GARBAGE\r\n\r\n`);
  await line.closed();
  // No refusal of what follows may pass for the answer of the valid one.
  expect(line.heard()).toMatch(/^(?:HTTP\/1\.1 200 OK\r\n|$)/);
  await expect.poll(() => store.newestDelivery(ref)).toBe(1);
});
