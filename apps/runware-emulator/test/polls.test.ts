import { eventually } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { virtualClock } from './virtual-clock.ts';
import { asyncTask, imageTask, setup, type World } from './world.ts';

async function failedTask({ post, billOf }: World): Promise<string> {
  const task = imageTask();
  await post([task]);
  expect(await billOf('failure')).toHaveLength(1);
  return task.taskUUID;
}

test.each([
  ['errors', { data: [], errors: [{ code: 'timeoutProvider', status: 'error', taskType: 'imageInference' }] }],
  ['data-nested', { data: [{ status: 'error', taskType: 'imageInference', error: { code: 'timeoutProvider' } }], errors: [] }],
  ['data-flat', { data: [{ status: 'error', taskType: 'imageInference', code: 'timeoutProvider' }], errors: [] }],
] as const)('getResponse returns a failure in the form "%s"', async (pollErrorShape, expected) => {
  const world = await setup({ faults: { failTimeoutProviderRate: 1, pollErrorShape } });
  const taskUUID = await failedTask(world);
  const reply = await world.poll(taskUUID);
  expect(reply).toMatchObject({ status: 200, ...expected });
  expect(reply.text).toContain(taskUUID);
});

test('with pollTerminal504Rate a final failure comes with HTTP 504', async () => {
  const world = await setup({ faults: { failTimeoutProviderRate: 1, pollTerminal504Rate: 1 } });
  const reply = await world.poll(await failedTask(world));
  expect(reply).toMatchObject({ status: 504, errors: [{ code: 'timeoutProvider', status: 'error' }] });
});

test('with pollRunningWord the status of a running task is pending', async () => {
  const { post, poll } = await setup({ faults: { executionMs: [60_000, 60_000], pollRunningWord: 'pending' } });
  const task = asyncTask();
  await post([task]);
  expect((await poll(task.taskUUID)).data).toMatchObject([{ status: 'pending' }]);
});

test('getResponse and getTaskDetails forget a task after their time', async () => {
  const clock = virtualClock();
  const { post, poll } = await setup({ clock, faults: { pollForgetsAfterMs: 10_000, detailsForgetAfterMs: 20_000 } });
  const task = imageTask();
  const details = async () => (await post([{ taskType: 'getTaskDetails', taskUUID: task.taskUUID }])).data;
  await post([task]);
  clock.advance(9_000);
  expect((await poll(task.taskUUID)).data).toHaveLength(1);
  clock.advance(2_000);
  expect((await poll(task.taskUUID)).data).toHaveLength(0);
  expect(await details()).toHaveLength(1);
  clock.advance(10_000);
  expect(await details()).toHaveLength(0);
});

test('a refused, failed, reset or empty answer to a question does not change the task', async () => {
  const { post, poll, setFaults } = await setup();
  const task = imageTask();
  await post([task]);
  await setFaults({ poll429Rate: 1 });
  expect(await poll(task.taskUUID)).toMatchObject({ status: 429, errors: [{ code: 'rateLimitExceeded' }] });
  await setFaults({ poll500Rate: 1 });
  expect(await poll(task.taskUUID)).toMatchObject({ status: 500, errors: [{ code: 'internalServerError' }] });
  await setFaults({ poll401Rate: 1 });
  expect(await poll(task.taskUUID)).toMatchObject({ status: 401, errors: [{ code: 'invalidApiKey', taskUUID: task.taskUUID }] });
  await setFaults({ pollEmptyRate: 1 });
  expect((await poll(task.taskUUID)).text).toBe('{"data":[]}');
  await setFaults({ pollResetRate: 1 });
  await expect(poll(task.taskUUID)).rejects.toThrow('fetch failed');
  await setFaults({});
  expect((await poll(task.taskUUID)).data).toMatchObject([{ status: 'success' }]);
});

test('a fault affects a share of the questions about one task', async () => {
  const { post, poll, setFaults } = await setup();
  const task = imageTask();
  await post([task]);
  await setFaults({ poll500Rate: 0.5 });
  const statuses = new Set<number>();
  await eventually(async () => {
    statuses.add((await poll(task.taskUUID)).status);
    expect(statuses).toEqual(new Set([200, 500]));
  });
});
