import { createProducer } from '@darkroom/producer';
import { eventually } from '@darkroom/testing';
import { expect, onTestFinished, test } from 'vitest';
import { createWorld, type World } from './world.ts';

const SLOW = JSON.stringify({ executionMs: [1500, 2500], uploadDelayMs: [200, 200] });

/** Starts, and kills the start when its three images are bought and none has arrived. */
async function killInTheMiddle(world: World): Promise<{ generationIds: string[] }> {
  const cli = world.start([], { FAULTS: SLOW });
  await cli.printed(/(at the provider[\s\S]+){3}/);
  cli.signal('SIGKILL');
  await cli.ended;
  // The worker runs on, and logs each step a moment after it.
  return eventually(() => {
    const lines = world.readLines('logs/worker.log').map((line) => JSON.parse(line) as { generationId?: string });
    const generationIds = [...new Set(lines.flatMap(({ generationId }) => generationId ?? []))];
    expect(generationIds).toHaveLength(3);
    return { generationIds };
  });
}

test('after a kill the next start ends the left processes, keeps the ports and completes the purchases', async () => {
  const world = createWorld();
  const { generationIds } = await killInTheMiddle(world);
  const left = await world.apps();
  expect(left.map(({ commandLine }) => /apps\/([\w-]+)/.exec(commandLine)?.[1]).toSorted()).toEqual([
    'api',
    'dashboard',
    'eraser',
    'notifier',
    'runware-emulator',
    'webhook-receiver',
    'worker',
  ]);
  const redisPid = world.redisPid();
  const ports = world.readJson('ports.json') as Record<string, number>;

  const next = world.start();
  await next.printed('Runs on until Ctrl-C');
  expect(next.output()).toContain(`ended ${left.length} processes that an earlier start left behind`);
  expect(world.readJson('ports.json')).toEqual(ports);
  expect(world.redisPid()).not.toBe(redisPid);
  const pids = (await world.apps()).map(({ pid }) => pid);
  expect(left.filter(({ pid }) => pids.includes(pid))).toEqual([]);

  const producer = createProducer({ redisUrl: `redis://127.0.0.1:${ports['redis']}` });
  onTestFinished(() => producer.close());
  for (const generationId of generationIds) {
    expect(await producer.wait(generationId, { timeoutMs: 40_000 })).toMatchObject({ status: 'succeeded', costUsd: '0.02' });
  }
  expect(world.executions()).toBe(6);

  next.signal('SIGTERM');
  expect(await next.ended).toEqual({ code: 0, signal: null });
  expect(await world.leftRunning()).toEqual([]);
});
