import { expect, test } from 'vitest';
import type { FaultsInput } from '../src/app.ts';
import { virtualClock } from './virtual-clock.ts';
import { asyncTask, imageTask, setup } from './world.ts';

test.each<[FaultsInput, number, string]>([
  [{ poll401Rate: 1 }, 401, 'invalidApiKey'],
  [{ poll402Rate: 1 }, 402, 'insufficientCredits'],
  [{ poll403Rate: 1 }, 403, 'permissionDenied'],
  [{ poll429Rate: 1 }, 429, 'rateLimitExceeded'],
  [{ poll500Rate: 1 }, 500, 'internalServerError'],
  [{ poll503Rate: 1 }, 503, 'serviceUnavailable'],
])('with %o a question gets HTTP %d %s, with the names of the question, of the task or of nothing', async (faults, status, code) => {
  const { post, poll, setFaults, billOf } = await setup();
  const task = imageTask();
  await post([task]);
  const names = { taskUUID: task.taskUUID };
  await setFaults(faults);
  expect(await poll(task.taskUUID)).toMatchObject({ status, data: [], errors: [{ code, taskType: 'getResponse', ...names }] });
  await setFaults({ ...faults, pollErrorNames: 'task' });
  expect((await poll(task.taskUUID)).errors).toMatchObject([{ code, taskType: 'imageInference', status: 'error', ...names }]);
  await setFaults({ ...faults, pollErrorNames: 'nothing' });
  expect((await poll(task.taskUUID)).errors).toEqual([{ code, message: expect.any(String) }]);
  await setFaults({ ...faults, pollErrorsIn200: true });
  expect(await poll(task.taskUUID)).toMatchObject({ status: 200, errors: [{ code }] });
  await setFaults({});
  expect((await poll(task.taskUUID)).data).toMatchObject([{ status: 'success' }]);
  expect(await billOf('failure')).toEqual([]);
});

test('with pollLagMs a running task is not known yet, and with pollUnknown an unknown task is an error', async () => {
  const clock = virtualClock();
  const { post, poll, setFaults, billOf } = await setup({ clock, faults: { pollLagMs: [30_000, 30_000] } });
  const task = imageTask();
  const details = async () => (await post([{ taskType: 'getTaskDetails', taskUUID: task.taskUUID }])).data;
  await post([task]);
  expect(await billOf('execution')).toHaveLength(1);
  expect((await poll(task.taskUUID)).text).toBe('{"data":[]}');
  expect(await details()).toEqual([]);
  const asError = { pollLagMs: [30_000, 30_000], pollUnknown: 'not-found' } as const satisfies FaultsInput;
  await setFaults(asError);
  expect(await poll(task.taskUUID)).toMatchObject({ status: 404, errors: [{ code: 'taskNotFound', taskUUID: task.taskUUID }] });
  await setFaults({ ...asError, pollErrorNames: 'task', pollErrorsIn200: true });
  expect(await poll(task.taskUUID)).toMatchObject({ status: 200, errors: [{ status: 'error', taskType: 'imageInference' }] });
  clock.advance(30_000);
  expect((await poll(task.taskUUID)).data).toMatchObject([{ status: 'success' }]);
  expect(await details()).toHaveLength(1);
});

test('with pollStrangerRate an answer has a result and a failure of other tasks before the items of its own', async () => {
  const { post, poll, setFaults } = await setup();
  const [first] = (await post([imageTask()])).data;
  const task = asyncTask();
  await setFaults({ pollStrangerRate: 1, executionMs: [60_000, 60_000] });
  await post([task]);
  const reply = await poll(task.taskUUID);
  expect(reply.data).toEqual([{ ...first, status: 'success' }, expect.objectContaining({ taskUUID: task.taskUUID, status: 'processing' })]);
  expect(reply.errors).toMatchObject([{ code: 'contentPolicyViolation', status: 'error', taskType: 'imageInference' }]);
  expect([first?.['taskUUID'], task.taskUUID]).not.toContain(reply.errors[0]?.['taskUUID']);
  // The same for an unknown id.
  expect(await poll('00000000-0000-4000-8000-000000000000')).toMatchObject({ data: [{ taskUUID: first?.['taskUUID'] }], errors: [{}] });
});
