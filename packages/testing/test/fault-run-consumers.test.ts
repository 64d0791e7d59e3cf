import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { eventually } from '../src/eventually.ts';
import { startEventConsumers } from '../src/fault-run/consume-events.ts';
import { findMarkedProcesses } from '../src/run-processes.ts';
import { uniquePrefix } from '../src/unique-prefix.ts';

test('the consumers of a fault run end, also one that started after their last kill', async () => {
  const [directory, prefix] = [await mkdtemp(join(tmpdir(), 'darkroom-consumers-')), uniquePrefix()];
  onTestFinished(() => rm(directory, { recursive: true }));
  const findConsumers = async (): Promise<number[]> => (await findMarkedProcesses(`DARKROOM_PREFIX=${prefix}`)).map(({ pid }) => pid);
  const consumers = startEventConsumers({ redis: { url: inject('redisUrl') }, prefix }, directory, 1000);
  const [first = 0] = await eventually(async () => {
    const found = await findConsumers();
    expect(found).toHaveLength(2);
    return found;
  });
  const finished = consumers.finish();
  process.kill(first, 'SIGKILL');
  await eventually(async () => {
    const found = await findConsumers();
    expect(found).toHaveLength(2);
    expect(found).not.toContain(first);
  });
  await finished;
  expect(await findConsumers()).toEqual([]);
});
