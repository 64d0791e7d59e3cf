import { accountsOf } from './accounts.ts';
import { eventually } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { virtualClock } from './virtual-clock.ts';
import { asyncTask, imageTask, setup, type World } from './world.ts';

const executionsOf = async ({ bill }: World, taskUUID: string): Promise<number | undefined> =>
  accountsOf(await bill()).get(taskUUID)?.executions;

test('a repeated taskUUID is always a conflict and never runs twice', async () => {
  const clock = virtualClock();
  const world = await setup({ clock });
  const task = imageTask();
  await world.post([task]);
  clock.advance(30 * 24 * 3_600_000);
  expect(await world.post([task])).toMatchObject({
    status: 400,
    data: [],
    errors: [{ code: 'conflictTaskUUID', parameter: 'taskUUID', taskUUID: task.taskUUID }],
  });
  expect(await executionsOf(world, task.taskUUID)).toBe(1);
  expect(await world.billOf('refusal')).toMatchObject([{ code: 'conflictTaskUUID', receipt: 2, httpStatus: 400 }]);
});

test('the emulator accepts exactly one of many simultaneous submissions of one id', async () => {
  const world = await setup();
  const task = asyncTask();
  const replies = await Promise.all(Array.from({ length: 20 }, () => world.post([task])));
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(accountsOf(await world.bill()).get(task.taskUUID)).toMatchObject({ submissions: 20, acceptances: 1 });
});

test('with conflict-while-running an id is free after the end of its task, and is charged again', async () => {
  const world = await setup({ faults: { replay: 'conflict-while-running', executionMs: [200, 200] } });
  const task = asyncTask();
  await world.post([task]);
  expect(await world.post([task])).toMatchObject({ status: 400, errors: [{ code: 'conflictTaskUUID' }] });
  const sync = imageTask();
  const first = await world.post([sync]);
  const second = await world.post([sync]);
  expect(await executionsOf(world, sync.taskUUID)).toBe(2);
  expect(second.data[0]?.['imageUUID']).not.toBe(first.data[0]?.['imageUUID']);
});

test('with conflict-for-a-while an id is free after that time, and is charged again', async () => {
  const clock = virtualClock();
  const world = await setup({ clock, faults: { replay: 'conflict-for-a-while', replayForgetAfterMs: 60_000 } });
  const task = imageTask();
  await world.post([task]);
  clock.advance(50_000);
  expect((await world.post([task])).errors).toMatchObject([{ code: 'conflictTaskUUID' }]);
  clock.advance(10_000);
  expect((await world.post([task])).status).toBe(200);
  expect(await executionsOf(world, task.taskUUID)).toBe(2);
});

test('an id stays taken while its task runs, and a refused submission does not prolong that', async () => {
  const clock = virtualClock();
  const world = await setup({ clock, faults: { replay: 'conflict-for-a-while', replayForgetAfterMs: 1000, executionMs: [5000, 5000] } });
  const task = asyncTask();
  await world.post([task]);
  await eventually(async () => expect(await executionsOf(world, task.taskUUID)).toBe(1));
  // The clock of this world has passed the five seconds by now: the task has ended, and its id is free.
  expect((await world.post([task])).status).toBe(200);
  await eventually(async () => expect(await executionsOf(world, task.taskUUID)).toBe(2));
  await world.setFaults({ replay: 'conflict-for-a-while', replayForgetAfterMs: 3_600_000 });
  clock.advance(1_800_000);
  expect((await world.post([task])).errors).toMatchObject([{ code: 'conflictTaskUUID' }]);
  clock.advance(1_800_000);
  expect((await world.post([task])).status).toBe(200);
  await eventually(async () => expect(await executionsOf(world, task.taskUUID)).toBe(3));
});

test('a refused id can be used again', async () => {
  const { post } = await setup();
  const task = imageTask();
  expect((await post([{ ...task, width: 1 }])).status).toBe(400);
  expect((await post([task])).status).toBe(200);
});

test('with rejectionConsumesId a refusal uses up the id', async () => {
  const world = await setup({ faults: { rejectionConsumesId: true, submit429Rate: 1 } });
  const [invalid, throttled] = [imageTask(), imageTask()];
  expect((await world.post([throttled])).status).toBe(429);
  await world.setFaults({ submit429Rate: 0 });
  expect((await world.post([{ ...invalid, width: 1 }])).status).toBe(400);
  for (const task of [invalid, throttled]) {
    expect(await world.post([task])).toMatchObject({ status: 400, errors: [{ code: 'conflictTaskUUID' }] });
    expect(await executionsOf(world, task.taskUUID)).toBe(0);
  }
});
