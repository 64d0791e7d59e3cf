import { eventually } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { openInbox } from './inbox.ts';
import { asyncTask, imageTask, setup } from './world.ts';

test('with webhookErrorFirstRate a webhook reports a failure of a task that then succeeds', async () => {
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

test('with webhookErrorFirstRate a task that failed has one webhook', async () => {
  const { post } = await setup({ faults: { webhookErrorFirstRate: 1, failProviderErrorRate: 1 } });
  const inbox = await openInbox();
  await post([asyncTask({ webhookURL: inbox.url })]);
  await post([imageTask({ webhookURL: inbox.url })]);
  await eventually(() => expect(inbox.webhooks()).toHaveLength(2));
});

test('with webhookStrangeImageRate a webhook names the image of another task, and getResponse does not', async () => {
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

test('with webhookStrangeImageRate the first image keeps its own address', async () => {
  const { post } = await setup({ faults: { webhookStrangeImageRate: 1 } });
  const inbox = await openInbox();
  const [own] = (await post([imageTask({ webhookURL: inbox.url })])).data;
  await eventually(() => expect(inbox.webhooks()).toEqual([{ ...own, status: 'success' }]));
});
