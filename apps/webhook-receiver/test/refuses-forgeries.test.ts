import { mintCapability, type SubmissionRef } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { buildForgeries, WEBHOOK_PATH } from './forgeries.ts';
import { buildSubmission, createMemoryStores, keys, now, pathOf, startReceiver } from './setup.ts';

/** Builds capabilities that need a secret and are no longer valid. */
const outlived = (ref: SubmissionRef): Record<string, string> => ({
  'one that has just expired': pathOf(mintCapability(keys, ref, now)),
  'one that expired long ago': pathOf(mintCapability(keys, ref, now - 86_400_000)),
  'one of a key that was retired': pathOf(mintCapability([{ id: 'retired', secret: keys[0].secret }], ref, now + 1000)),
  'one of a retired key under the name of the new one': pathOf(mintCapability([{ id: 'new', secret: 'r'.repeat(40) }], ref, now + 1000)),
  'one that the old key signed as the new one': pathOf(mintCapability([{ id: 'new', secret: 'o'.repeat(40) }], ref, now + 1000)),
});

/** Builds every refused path for one submission. */
function buildAll(): Record<string, string> {
  const { ref, capability } = buildSubmission();
  return { ...buildForgeries({ capability, other: buildSubmission(1).capability }), ...outlived(ref) };
}

test('there are at least a hundred forgeries, all different', () => {
  const paths = Object.values(buildAll());
  expect(paths.length).toBeGreaterThanOrEqual(100);
  expect(new Set(paths).size).toBe(paths.length);
});

test.for(Object.keys(buildAll()))('%s is refused with 401 and an empty body, and no store is called', async (name) => {
  const { stores, kept, woken } = createMemoryStores();
  const { post, log } = await startReceiver(stores);
  const path = buildAll()[name]!;
  expect(await post(path, '{"data":[]}')).toEqual({ status: 401, body: '' });
  expect(kept).toEqual([]);
  expect(woken).toEqual([]);
  const given = new URLSearchParams(path.slice(path.indexOf('?') + 1)).get('capability') ?? '';
  if (given.trim().length > 10) expect(log()).not.toContain(given.trim());
});

test('a capability in a header, a cookie or the body is not accepted', async () => {
  const { stores, kept } = createMemoryStores();
  const { post } = await startReceiver(stores);
  const { capability } = buildSubmission();
  const headers = { authorization: `Bearer ${capability}`, cookie: `capability=${capability}`, 'x-capability': capability };
  expect(await post(WEBHOOK_PATH, JSON.stringify({ capability }), { headers })).toEqual({ status: 401, body: '' });
  expect(
    await post(WEBHOOK_PATH, `capability=${capability}`, { headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
  ).toEqual({
    status: 401,
    body: '',
  });
  expect(kept).toEqual([]);
});

test('refusals are counted by reason, and many of them share a few log lines', async () => {
  let time = now;
  const { stores } = createMemoryStores();
  const { post, receiver, log } = await startReceiver(stores, { now: () => time });
  for (let attempt = 0; attempt < 50; attempt += 1) await post(pathOf(`guess-${attempt}`));
  await post(WEBHOOK_PATH);
  time += 10_000;
  await post(pathOf('guess-again'));
  expect(receiver.counts.all()).toEqual({ 'refused.malformed': 51, 'refused.missing': 1 });
  const lines = log()
    .split('\n')
    .filter((line) => line.includes('delivery refused'));
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { reason: 'malformed', refused: 1, code: 'delivery.unauthenticated' },
    { reason: 'missing', refused: 1 },
    { reason: 'malformed', refused: 50 },
  ]);
  expect(log()).not.toContain('guess-');
});

test('a capability is valid until it expires', async () => {
  let time = now;
  const { stores, kept } = createMemoryStores();
  const { post } = await startReceiver(stores, { now: () => time });
  const { path } = buildSubmission();
  time = now + 3_600_000 - 1;
  expect((await post(path, '{}')).status).toBe(200);
  time += 1;
  expect((await post(path, '{"late":1}')).status).toBe(401);
  expect(kept).toHaveLength(1);
});
