import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runFaults } from '../src/fault-run/fault-run.ts';
import { isAsPromised } from '../src/judge/five-figures.ts';
import { doubtsOf, figuresOf, formatFindings, formatTable } from '../src/fault-run/report.ts';
import { usualFaults, type FaultRunSettings } from '../src/fault-run/settings.ts';

const settings: FaultRunSettings = {
  generations: 400,
  seed: 1,
  workers: 2,
  receivers: 2,
  ordersPerSecond: 20,
  // Machines that run this test are slower than a developer's.
  scale: 1.5,
  ...usualFaults(400),
  redisKills: 2,
};

test('400 generations under faults: no image is lost, paid twice, stuck or wrongly failed, no cap is crossed, and the ledger equals the bill', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-faults-'));
  const outcome = await runFaults(settings, {
    directory,
    signal: new AbortController().signal,
    onProgress: (line) => console.info(line),
    onFault: (line) => console.info(line),
  });
  const figures = figuresOf(settings, outcome);
  console.info(formatTable(figures));
  // The folder stays if the judge found something.
  expect(isAsPromised(outcome.judgement), formatFindings(outcome.judgement, directory)).toBe(true);
  // Most images took the main road, almost none is unproven, every planned fault struck, and no process ended by itself.
  expect(doubtsOf(outcome)).toEqual([]);
  expect(figures).toMatchObject({ generations: 400, crashed: [], isProof: true });
  expect(figures['succeeded']).toBeGreaterThan(300);
  await rm(directory, { recursive: true });
});
