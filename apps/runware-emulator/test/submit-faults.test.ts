import { performance } from 'node:perf_hooks';
import { eventually } from '@darkroom/testing';
import { expect, test } from 'vitest';
import type { FaultsInput } from '../src/app.ts';
import { accountsOf } from './accounts.ts';
import { asyncTask, setup, type World } from './world.ts';

const acceptancesOf = async ({ bill }: World, taskUUID: string) => accountsOf(await bill()).get(taskUUID);

test.each<[FaultsInput, number, string]>([
  [{ submit429Rate: 1 }, 429, 'rateLimitExceeded'],
  [{ submit500Rate: 1 }, 500, 'internalServerError'],
  [{ submit503Rate: 1 }, 503, 'serviceUnavailable'],
  [{ submit504Rate: 1 }, 504, 'serverUnavailable'],
  [{ submitErrorsIn200Rate: 1 }, 200, 'rateLimitExceeded'],
  [{ submit401Rate: 1 }, 401, 'invalidApiKey'],
  [{ submit402Rate: 1 }, 402, 'insufficientCredits'],
  [{ submit403Rate: 1 }, 403, 'permissionDenied'],
])('with %j a submission is refused and not accepted', async (faults, status, code) => {
  const world = await setup({ faults });
  const task = asyncTask();
  expect(await world.post([task])).toMatchObject({ status, data: [], errors: [{ code, taskUUID: task.taskUUID }] });
  expect(await acceptancesOf(world, task.taskUUID)).toMatchObject({ submissions: 1, acceptances: 0 });
  expect(await world.billOf('refusal')).toMatchObject([{ code, httpStatus: status }]);
});

test('with submit429RetryAfterSeconds a 429 has Retry-After', async () => {
  const { post, setFaults } = await setup({ faults: { submit429Rate: 1 } });
  expect((await post([asyncTask()])).headers.get('retry-after')).toBeNull();
  await setFaults({ submit429RetryAfterSeconds: 7 });
  expect((await post([asyncTask()])).headers.get('retry-after')).toBe('7');
});

test('a reset before the acceptance leaves a submission without a decision', async () => {
  const world = await setup({ faults: { submitResetBeforeRate: 1 } });
  const task = asyncTask();
  await expect(world.post([task])).rejects.toThrow('fetch failed');
  expect((await world.bill()).map(({ kind }) => kind)).toEqual(['submission']);
});

test('a reset after the acceptance hides a running task', async () => {
  const world = await setup({ faults: { submitResetAfterRate: 1 } });
  const task = asyncTask();
  await expect(world.post([task])).rejects.toThrow('fetch failed');
  await eventually(async () => expect(await acceptancesOf(world, task.taskUUID)).toMatchObject({ acceptances: 1, executions: 1 }));
});

test.each<[FaultsInput, string]>([
  [{ submit500Rate: 1, submit5xxAcceptedRate: 1 }, '"internalServerError"'],
  [{ submitEmptyAckRate: 1 }, '{"data":[]}'],
  [{ submitNotJsonRate: 1 }, '<!doctype html>'],
])('with %j the answer hides an accepted task', async (faults, text) => {
  const world = await setup({ faults });
  const task = asyncTask();
  expect((await world.post([task])).text).toContain(text);
  expect(await acceptancesOf(world, task.taskUUID)).toMatchObject({ acceptances: 1 });
});

test('a slow answer arrives late for a task that was accepted at once', async () => {
  const world = await setup({ faults: { submitSlowRate: 1, submitSlowMs: 300 } });
  const task = asyncTask();
  const startedAt = performance.now();
  const reply = world.post([task]);
  await eventually(async () => expect(await acceptancesOf(world, task.taskUUID)).toMatchObject({ acceptances: 1, executions: 1 }));
  expect((await reply).data).toMatchObject([{ taskUUID: task.taskUUID }]);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(300);
});

test('a fault that hides acceptances does not hide the refusal of an invalid task', async () => {
  const world = await setup({ faults: { submitEmptyAckRate: 1 } });
  expect(await world.post([asyncTask({ width: 1 })])).toMatchObject({ status: 400, errors: [{ code: 'unsupportedDimensions' }] });
});
