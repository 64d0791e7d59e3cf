import { createHash } from 'node:crypto';
import { eventually } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { openInbox } from './inbox.ts';
import { asyncTask, imageTask, setup } from './world.ts';

test('an asynchronous task is acknowledged with its type and id alone, before it ends', async () => {
  const { post, poll, billOf } = await setup({ faults: { executionMs: [60_000, 60_000] } });
  const task = asyncTask({ numberResults: 3, includeCost: true });
  expect((await post([task])).text).toBe(JSON.stringify({ data: [{ taskType: 'imageInference', taskUUID: task.taskUUID }] }));
  const { status, data } = await poll(task.taskUUID);
  expect(status).toBe(200);
  expect(data).toEqual(Array(3).fill({ taskType: 'imageInference', taskUUID: task.taskUUID, status: 'processing', progress: 0 }));
  expect(await billOf('execution')).toEqual([]);
});

test('getResponse returns a finished task with its status', async () => {
  const { post, poll } = await setup();
  const task = asyncTask({ includeCost: true });
  await post([task]);
  const data = await eventually(async () => {
    const reply = await poll(task.taskUUID);
    expect(reply.data).toMatchObject([{ status: 'success' }]);
    return reply.data;
  });
  expect(data).toEqual([
    {
      taskType: 'imageInference',
      taskUUID: task.taskUUID,
      imageUUID: expect.any(String),
      imageURL: expect.stringContaining('/image/'),
      seed: expect.any(Number),
      cost: 0.02,
      status: 'success',
    },
  ]);
});

test('getResponse returns early results early, and the bill already has all of them', async () => {
  const { post, poll, billOf } = await setup({ faults: { executionMs: [10, 1500] } });
  const task = asyncTask({ numberResults: 8 });
  await post([task]);
  await eventually(async () => {
    const states = new Set((await poll(task.taskUUID)).data.map(({ status }) => status));
    expect(states).toEqual(new Set(['processing', 'success']));
  });
  expect(await billOf('execution')).toMatchObject([{ images: Array(8).fill({}) }]);
});

test('getResponse returns nothing for an unknown id', async () => {
  const { poll } = await setup();
  expect((await poll('39571168-687a-4aec-a253-df7be20bd0d4')).text).toBe('{"data":[]}');
});

test('the webhook has the flat task object, and the upload follows with the bytes on the bill', async () => {
  const { post, billOf } = await setup();
  const inbox = await openInbox();
  const task = asyncTask({
    webhookURL: `${inbox.url}/hook?token=t`,
    uploadEndpoint: `${inbox.url}/put?X-Amz-Signature=s`,
    includeCost: true,
  });
  await post([task]);
  await eventually(() => expect(inbox.received).toHaveLength(2));
  const [webhook, upload] = inbox.received;
  expect(webhook).toMatchObject({ method: 'POST', path: '/hook?token=t', headers: { 'content-type': 'application/json' } });
  expect(inbox.webhooks()).toMatchObject([{ taskType: 'imageInference', taskUUID: task.taskUUID, status: 'success', cost: 0.02 }]);
  expect(upload).toMatchObject({
    method: 'PUT',
    path: '/put?X-Amz-Signature=s',
    headers: { 'content-length': String(upload?.body.length) },
  });
  expect(upload?.headers).not.toHaveProperty('content-type');
  expect(upload?.headers).not.toHaveProperty('transfer-encoding');
  const [execution] = await billOf('execution');
  expect(execution).toMatchObject({
    images: [
      {
        sha256: createHash('sha256')
          .update(upload?.body ?? '')
          .digest('hex'),
      },
    ],
  });
});

test('each of several results has its own webhook, and all uploads go to the same address', async () => {
  const { post } = await setup();
  const inbox = await openInbox();
  await post([asyncTask({ numberResults: 3, webhookURL: `${inbox.url}/hook`, uploadEndpoint: `${inbox.url}/put` })]);
  await eventually(() => expect(inbox.received).toHaveLength(6));
  // The bodies come from this emulator.
  const ids = inbox.webhooks().map((body) => (body as { imageUUID: string }).imageUUID);
  expect(new Set(ids).size).toBe(3);
  expect(new Set(inbox.uploads().map(({ body }) => body.toString('base64'))).size).toBe(3);
  expect(new Set(inbox.uploads().map(({ path }) => path))).toEqual(new Set(['/put']));
});

test('a synchronous task calls its webhook too', async () => {
  const { post } = await setup();
  const inbox = await openInbox();
  const task = imageTask({ webhookURL: inbox.url });
  await post([task]);
  await eventually(() => expect(inbox.webhooks()).toMatchObject([{ taskUUID: task.taskUUID }]));
});

test('getTaskDetails returns request and response, and null for the response of a running task', async () => {
  const { post, poll } = await setup({ faults: { executionMs: [300, 300] } });
  const task = asyncTask();
  await post([task]);
  const ask = async () => (await post([{ taskType: 'getTaskDetails', taskUUID: task.taskUUID }])).data;
  expect(await ask()).toEqual([{ taskType: 'getTaskDetails', taskUUID: task.taskUUID, request: task, response: null }]);
  await eventually(async () => expect((await poll(task.taskUUID)).data).toMatchObject([{ status: 'success' }]));
  expect(await ask()).toMatchObject([{ request: task, response: { data: [{ taskUUID: task.taskUUID, imageURL: expect.any(String) }] } }]);
  expect((await post([{ taskType: 'getTaskDetails', taskUUID: 'x' }])).text).toBe('{"data":[]}');
});

test('getTaskDetails returns the conflict of a replay, or null, if detailsResponse says so', async () => {
  const { post, setFaults } = await setup();
  const task = imageTask();
  const ask = async () => (await post([{ taskType: 'getTaskDetails', taskUUID: task.taskUUID }])).data[0]?.['response'];
  await post([task]);
  await setFaults({ detailsResponse: 'last-response' });
  expect(await ask()).toMatchObject({ data: [{ taskUUID: task.taskUUID }] });
  await post([task]);
  expect(await ask()).toMatchObject({ data: [], errors: [{ code: 'conflictTaskUUID' }] });
  await setFaults({ detailsResponse: 'null' });
  expect(await ask()).toBeNull();
});

test('with detailsRefusalHidesTask a refusal hides the task of its id until the next conflict', async () => {
  const { post, setFaults } = await setup();
  await setFaults({ detailsRefusalHidesTask: true });
  const task = asyncTask();
  const ask = async () => (await post([{ taskType: 'getTaskDetails', taskUUID: task.taskUUID }])).data[0];
  await post([task]);
  expect(await ask()).toMatchObject({ request: task });
  await setFaults({ detailsRefusalHidesTask: true, submit429Rate: 1 });
  expect((await post([task])).status).toBe(429);
  expect(await ask()).toMatchObject({ request: null, response: { data: [], errors: [{ code: 'rateLimitExceeded' }] } });
  await setFaults({ detailsRefusalHidesTask: true });
  expect(await post([task])).toMatchObject({ errors: [{ code: 'conflictTaskUUID' }] });
  expect(await ask()).toMatchObject({ request: task });
  await setFaults({ submit429Rate: 1 });
  await post([task]);
  expect(await ask(), 'switched off').toMatchObject({ request: task });
});
