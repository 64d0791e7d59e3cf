import { gzipSync } from 'node:zlib';
import { taskUuidOf } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { setupOnRedis } from './redis-world.ts';
import { pathOf } from './setup.ts';

const DELIVERIES = 2000;
/** Number of simultaneous requests. */
const AT_ONCE = 50;

test(
  'the receiver acknowledges thousands of distinct deliveries of one submission and keeps twenty of them',
  { timeout: 20_000 },
  async () => {
    const { ref, redis, prefix, store, receiver, post, dump } = await setupOnRedis();
    const before = await dump();
    const bodyOf = (at: number): string =>
      JSON.stringify({ status: 'error', code: 'timeoutProvider', at, padding: 'x'.repeat(at < 40 ? 20_000 : 0) });
    for (let at = 0; at < DELIVERIES; at += AT_ONCE) {
      const statuses = await Promise.all(Array.from({ length: AT_ONCE }, (_, more) => post(ref, bodyOf(at + more))));
      expect(new Set(statuses)).toEqual(new Set([200]));
    }
    // A kept delivery arrives three times more.
    expect(await Promise.all([1, 2, 3].map(() => post(ref, bodyOf(0))))).toEqual([200, 200, 200]);

    expect(await store.newestDelivery(ref)).toBe(20);
    const key = `${prefix}:deliveries:${ref.generationId}:0-1`;
    expect(await redis.hlen(key)).toBe(20);
    expect(await redis.memory('USAGE', key, 'SAMPLES', '0')).toBeLessThan(400_000);
    const counts = receiver.counts.all();
    expect(counts).toMatchObject({ 'delivery.recorded': 20, 'delivery.overflow': DELIVERIES - 20 });
    const wakes = Object.entries(counts).reduce((sum, [name, count]) => sum + (name.startsWith('wake.') ? count : 0), 0);
    expect(wakes).toBeGreaterThanOrEqual(20);
    expect(wakes, 'a delivery that is not kept wakes once a second').toBeLessThan(20 + 60);

    const after = await dump();
    const generation = `${prefix}:generation:${ref.generationId}`;
    expect(after[generation]).toBe(before[generation]);
    expect(await redis.hget(`${prefix}:submission:${ref.generationId}:0-1`, 'status')).toBe('planned');
  },
);

test('deliveries of submissions without an entry are bounded in number and size', { timeout: 20_000 }, async () => {
  const { redis, prefix, post } = await setupOnRedis();
  const unknown = { generationId: '017f22e2-79b0-7cc3-98c4-dc0c0c07398f', index: 0, n: 1 };
  for (let at = 0; at < 1100; at += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, more) => post(unknown, `${at + more} ${'x'.repeat(9000)}`)));
  }
  expect(await redis.llen(`${prefix}:deliveries-unclaimed`)).toBe(1000);
  expect((await redis.lindex(`${prefix}:deliveries-unclaimed`, 0))?.length).toBeLessThan(8300);
  expect(await redis.exists(`${prefix}:submission:${unknown.generationId}:0-1`)).toBe(0);
});

test('hostile bodies under a valid capability are kept as hints and change no status', async () => {
  const { ref, redis, prefix, store, receiver, capabilityOf } = await setupOnRedis();
  const taskUUID = taskUuidOf(ref);
  const bodies: Record<string, string | Uint8Array<ArrayBuffer>> = {
    empty: '',
    'a verdict': JSON.stringify({ taskUUID, status: 'error', code: 'contentPolicyViolation' }),
    'nested 100,000 deep': '['.repeat(100_000) + ']'.repeat(100_000),
    'nested objects': '{"data":'.repeat(20_000) + '1' + '}'.repeat(20_000),
    'an array of thousands': JSON.stringify(Array.from({ length: 3000 }, () => ({ taskUUID, status: 'success' }))),
    'thousands of errors': JSON.stringify({ errors: Array.from({ length: 5000 }, () => ({ code: 'x' })) }),
    'a key twice': `{"taskUUID":"${taskUUID}","status":"processing","status":"success"}`,
    'a prototype': `{"__proto__":{"status":"success","taskUUID":"${taskUUID}"},"constructor":{"prototype":{"isError":true}}}`,
    'wrong types': '{"data":{"taskUUID":[1],"status":{"toLowerCase":1},"code":[],"imageURL":7},"errors":"x","error":7}',
    'numbers that are none': '{"data":[{"seed":NaN,"cost":Infinity}]}',
    'numbers beyond all': `{"data":[{"taskUUID":"${taskUUID}","seed":1e999,"cost":-1e999}]}`,
    'no UTF-8': new Uint8Array([0x7b, 0xff, 0xfe, 0xc0, 0xae, 0x7d]),
    'a mark of byte order': `\ufeff{"taskUUID":"${taskUUID}","status":"success"}`,
    'half a surrogate pair': `{"status":"\\ud800","taskUUID":"\\udfff"}`,
    'null bytes': '\u0000'.repeat(10_000),
    'a bomb': new Uint8Array(gzipSync(Buffer.alloc(100 * 1024 * 1024), { level: 9 })),
  };
  const startedAt = performance.now();
  for (const [name, body] of Object.entries(bodies)) {
    const response = await fetch(receiver.url() + pathOf(capabilityOf(ref)), {
      method: 'POST',
      body,
      headers: name === 'a bomb' ? { 'content-encoding': 'gzip', 'content-type': 'application/json' } : {},
    });
    expect([response.status, await response.text()], name).toEqual([200, '']);
  }
  expect(performance.now() - startedAt).toBeLessThan(5000);
  expect(await store.newestDelivery(ref)).toBe(Object.keys(bodies).length);
  const submission = await redis.hgetall(`${prefix}:submission:${ref.generationId}:0-1`);
  expect(submission).toMatchObject({ status: 'planned', sends: '0' });
  expect(submission).not.toHaveProperty('facts');
  expect((await store.find(ref.generationId))?.status).toBe('queued');
  expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('status');
});
