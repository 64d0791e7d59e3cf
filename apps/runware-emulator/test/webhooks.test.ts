import { eventually } from '@darkroom/testing';
import { expect, test } from 'vitest';
import type { FaultsInput } from '../src/app.ts';
import { openInbox } from './inbox.ts';
import { virtualClock } from './virtual-clock.ts';
import { asyncTask, imageTask, setup } from './world.ts';

const documented: FaultsInput = { webhookFirstRetryMs: 250, webhookMaxRetryMs: 8000, executionMs: [1000, 1000] };

test('a refused webhook has eight attempts, with waits that double from 250 ms to 8 s, less up to half', async () => {
  const clock = virtualClock();
  const { post, emulator } = await setup({ clock, faults: documented });
  const inbox = await openInbox(() => 500);
  await post([asyncTask({ webhookURL: inbox.url })]);
  await eventually(async () => expect(await statsOf(emulator.url)).toMatchObject({ webhooksSent: 8, webhooksGivenUp: 1 }));
  const [execution, ...retries] = clock.sleeps;
  expect(execution).toBe(1000);
  expect(retries).toHaveLength(7);
  for (const [index, full] of [250, 500, 1000, 2000, 4000, 8000, 8000].entries()) {
    expect(retries[index]).toBeLessThanOrEqual(full);
    expect(retries[index]).toBeGreaterThanOrEqual(full / 2);
  }
  expect(inbox.received).toHaveLength(8);
});

test.each([201, 204, 299])('the answer %d ends a webhook', async (status) => {
  const { post, emulator } = await setup();
  const inbox = await openInbox((_, count) => (count < 3 ? 503 : status));
  await post([asyncTask({ webhookURL: inbox.url })]);
  await eventually(async () =>
    expect(await statsOf(emulator.url)).toMatchObject({ webhooksSent: 3, webhooksAnswered: 1, webhooksGivenUp: 0 }),
  );
  const [first, ...others] = inbox.webhooks();
  for (const other of others) expect(other).toEqual(first);
});

test('a redirect, no answer and a refused connection are failures', async () => {
  const { post, emulator } = await setup({ faults: { webhookAttempts: 2, webhookTimeoutMs: 50 } });
  const [redirecting, silent] = [await openInbox(() => 302), await openInbox(() => undefined)];
  for (const webhookURL of [redirecting.url, silent.url, 'http://127.0.0.1:1']) await post([asyncTask({ webhookURL })]);
  await eventually(async () => expect(await statsOf(emulator.url)).toMatchObject({ webhooksSent: 6, webhooksGivenUp: 3 }));
});

test('a webhook may be dropped, sent twice or sent late', async () => {
  const clock = virtualClock();
  const { post, setFaults, emulator } = await setup({ clock });
  await setFaults({ webhookDropRate: 1 });
  const inbox = await openInbox();
  await post([asyncTask({ webhookURL: inbox.url })]);
  await eventually(async () => expect(await statsOf(emulator.url)).toMatchObject({ webhooksDropped: 1, webhooksSent: 0 }));
  await setFaults({ webhookDuplicateRate: 1 });
  await post([asyncTask({ webhookURL: inbox.url })]);
  await eventually(() => expect(inbox.webhooks()).toHaveLength(2));
  expect(inbox.webhooks()[0]).toEqual(inbox.webhooks()[1]);
  await setFaults({ webhookDelayMs: [90_000, 90_000] });
  await post([asyncTask({ webhookURL: inbox.url })]);
  await eventually(() => expect(inbox.webhooks()).toHaveLength(3));
  expect(Math.max(...clock.sleeps)).toBeGreaterThan(89_000);
});

test('with webhookBeforeAckRate a webhook comes before the acknowledgement', async () => {
  const { post } = await setup({ faults: { webhookBeforeAckRate: 1 } });
  const inbox = await openInbox();
  const task = asyncTask({ webhookURL: inbox.url });
  const reply = await post([task]);
  expect(reply.data).toEqual([{ taskType: 'imageInference', taskUUID: task.taskUUID }]);
  expect(inbox.webhooks()).toMatchObject([{ taskUUID: task.taskUUID, status: 'success' }]);
  // Without a webhook there is nothing to wait for.
  expect((await post([asyncTask()])).status).toBe(200);
});

test('with webhookProcessingRate a running task has a webhook', async () => {
  const { post } = await setup({ faults: { webhookProcessingRate: 1 } });
  const inbox = await openInbox();
  const task = asyncTask({ webhookURL: inbox.url });
  await post([task]);
  await eventually(() => expect(inbox.webhooks()).toHaveLength(2));
  expect(inbox.webhooks()).toMatchObject([{ taskUUID: task.taskUUID, status: 'processing' }, { status: 'success' }]);
});

const success = { status: 'success', imageUUID: expect.any(String) };
const failure = { status: 'error', code: 'providerError', taskUUID: expect.any(String) };

test.each<[FaultsInput['webhookBody'], object, object]>([
  ['flat', success, failure],
  ['envelope', { data: [success] }, { errors: [failure] }],
  ['singular-error', success, { error: { code: 'providerError' }, taskUUID: expect.any(String) }],
  ['array', [success], [failure]],
  ['several-items', { data: [success, success] }, { data: [success], errors: [failure] }],
])('the body has the form "%s"', async (webhookBody, good, bad) => {
  const { post, setFaults } = await setup({ faults: { webhookBody } });
  const inbox = await openInbox();
  const [first, second] = [imageTask({ webhookURL: inbox.url }), imageTask({ webhookURL: inbox.url })];
  await post([first]);
  await eventually(() => expect(inbox.webhooks()).toHaveLength(1));
  await setFaults({ failProviderErrorRate: 1 });
  await post([second]);
  await eventually(() => expect(inbox.webhooks()).toHaveLength(2));
  expect(inbox.webhooks()).toMatchObject([good, bad]);
  expect(inbox.received[0]?.body.toString()).toContain(first.taskUUID);
  expect(inbox.received[1]?.body.toString()).toContain(second.taskUUID);
});

test('a failure may not name its task, and any body may contain undocumented fields', async () => {
  const { post } = await setup({ faults: { failProviderErrorRate: 1, webhookErrorWithoutTaskUuid: true, webhookExtraFields: true } });
  const inbox = await openInbox();
  await post([asyncTask({ webhookURL: inbox.url })]);
  await eventually(() => expect(inbox.webhooks()).toMatchObject([{ code: 'providerError', metadata: {} }]));
  expect(inbox.webhooks()[0]).not.toHaveProperty('taskUUID');
});

async function statsOf(url: string): Promise<unknown> {
  const response = await fetch(`${url}/_emulator/stats`, { headers: { connection: 'close' } });
  return response.json();
}
