import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildGenerationStore, connectPatient } from '@darkroom/generation-store';
import { uniquePrefix } from '@darkroom/testing';
import { expect, inject, test } from 'vitest';

const program = fileURLToPath(new URL('../test/programs/racing-producers.mjs', import.meta.url));
const IMAGE_NANO_USD = 20_000_000;
const PROCESSES = 8;
const PRODUCERS_EACH = 8;
/** No multiple of four: the producers must compete for the last images one by one. */
const CAP_IMAGES = 1001;

test('sixty-four producers in eight processes race for the cap: they spend exactly all of it', async () => {
  const [redisUrl, prefix] = [inject('redisUrl'), uniquePrefix()];
  const redis = connectPatient(redisUrl);
  const retention = { recordSeconds: 600, idempotencySeconds: 172_800 };
  const store = buildGenerationStore({ prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  await store.setCaps({ allPerDay: CAP_IMAGES * IMAGE_NANO_USD, tenantPerMonth: CAP_IMAGES * IMAGE_NANO_USD });
  await store.initialise('epoch-1');

  const racers = Array.from({ length: PROCESSES }, () => {
    const child = spawn(process.execPath, [program, redisUrl, prefix, String(PRODUCERS_EACH)], { stdio: ['pipe', 'pipe', 'inherit'] });
    return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator](), exited: once(child, 'exit') };
  });
  for (const { lines } of racers) expect((await lines.next()).value).toBe('ready');
  for (const { child } of racers) child.stdin.end('go\n');
  const images = await Promise.all(racers.map(async ({ lines }) => Number((await lines.next()).value)));
  for (const { exited } of racers) expect(await exited).toEqual([0, null]);

  const periods = await store.readSpend('default');
  redis.disconnect();
  expect(
    images.reduce((sum, each) => sum + each, 0),
    'images that the producers were told are queued',
  ).toBe(CAP_IMAGES);
  expect(images.filter((each) => each > 0).length, 'processes that had a part in it').toBeGreaterThan(1);
  expect(periods.map(({ reservedNanoUsd, settledNanoUsd }) => reservedNanoUsd + settledNanoUsd)).toEqual(
    Array.from({ length: 4 }, () => CAP_IMAGES * IMAGE_NANO_USD),
  );
});
