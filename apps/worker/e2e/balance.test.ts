import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBalanceReader } from '@darkroom/runware-client';
import { createMetrics } from '@darkroom/service-runtime';
import { eventually, startEmulator } from '@darkroom/testing';
import { expect, onTestFinished, test } from 'vitest';
import { watchBalance } from '../src/watch-balance.ts';

test('a worker tells the balance that the provider tells, and none once it has told none for half an hour', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-balance-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const emulator = await startEmulator(directory, { apiKey: 'key', faults: { balanceUsd: '12.5' } });
  onTestFinished(() => emulator.kill());
  const reader = createBalanceReader({ url: `${emulator.url}/v1`, apiKey: 'key', requestTimeoutMs: 5000 }, { now: Date.now });
  expect(await reader.readBalance()).toBe(12_500_000_000);

  let passed = 0;
  const metrics = createMetrics({ process: 'worker' });
  const watch = watchBalance(metrics, reader, { firstMs: 1, everyMs: 20, now: () => performance.now() + passed });
  onTestFinished(() => watch.stop());
  const shown = async () => /^darkroom_provider_balance_usd\{.*\} (.*)$/m.exec((await metrics.render()).text)?.[1];
  expect(await shown()).toBeUndefined();
  await watch.start();
  await eventually(async () => expect(await shown()).toBe('12.5'));

  await emulator.setFaults({ balanceHidden: true });
  expect(await reader.readBalance()).toBeUndefined();
  expect(await shown()).toBe('12.5');
  passed = 1_900_000;
  expect(await shown()).toBeUndefined();
});
