import { eventually } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { openInbox } from './inbox.ts';
import { asyncTask, imageTask, setup } from './world.ts';

test('a webhook may say that a task failed which then succeeds', async () => {
  const { post, poll, billOf } = await setup({ faults: { webhookErrorFirstRate: 1, webhookBody: 'envelope' } });
  const inbox = await openInbox();
  const task = asyncTask({ webhookURL: inbox.url });
  await post([task]);
  await eventually(() => expect(inbox.webhooks()).toHaveLength(2));
  expect(inbox.webhooks()).toMatchObject([
    { errors: [{ code: 'providerError', status: 'error', taskUUID: task.taskUUID, taskType: 'imageInference' }] },
    { data: [{ status: 'success', taskUUID: task.taskUUID }] },
  ]);
  expect((await poll(task.taskUUID)).data).toMatchObject([{ status: 'success' }]);
  expect(await billOf('execution')).toHaveLength(1);
  expect(await billOf('failure')).toEqual([]);
});

test('a task that did fail is not told of twice', async () => {
  const { post } = await setup({ faults: { webhookErrorFirstRate: 1, failProviderErrorRate: 1 } });
  const inbox = await openInbox();
  await post([asyncTask({ webhookURL: inbox.url })]);
  await post([imageTask({ webhookURL: inbox.url })]);
  await eventually(() => expect(inbox.webhooks()).toHaveLength(2));
});

test('a webhook may name the image of another task under its own ids, and the answer to a question never does', async () => {
  const { post, poll, billOf } = await setup({ faults: { webhookStrangeImageRate: 1 } });
  const inbox = await openInbox();
  const [first] = (await post([imageTask()])).data;
  const task = asyncTask({ webhookURL: inbox.url });
  await post([task]);
  await eventually(() => expect(inbox.webhooks()).toHaveLength(1));
  const [own] = (await poll(task.taskUUID)).data;
  expect(inbox.webhooks()).toEqual([{ ...own, imageURL: first?.['imageURL'] }]);
  expect(own?.['imageURL']).not.toBe(first?.['imageURL']);
  expect(await billOf('execution')).toHaveLength(2);
});

test('the first image of all has no other to be taken for', async () => {
  const { post } = await setup({ faults: { webhookStrangeImageRate: 1 } });
  const inbox = await openInbox();
  const [own] = (await post([imageTask({ webhookURL: inbox.url })])).data;
  await eventually(() => expect(inbox.webhooks()).toEqual([{ ...own, status: 'success' }]));
});
