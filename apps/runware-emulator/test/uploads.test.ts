import { eventually } from '@darkroom/testing';
import { expect, test } from 'vitest';
import type { BillLine } from '../src/app.ts';
import { openInbox } from './inbox.ts';
import { virtualClock } from './virtual-clock.ts';
import { asyncTask, setup } from './world.ts';

const sizeOnBill = ([line]: BillLine[]): number => (line?.kind === 'execution' ? (line.images[0]?.sizeBytes ?? 0) : 0);

test('an upload starts one to three seconds after the webhook', async () => {
  const clock = virtualClock();
  const { post } = await setup({ clock, faults: { uploadDelayMs: [1000, 3000], executionMs: [500, 500] } });
  const inbox = await openInbox();
  await post([asyncTask({ webhookURL: inbox.url, uploadEndpoint: inbox.url })]);
  await eventually(() => expect(inbox.received.map(({ method }) => method)).toEqual(['POST', 'PUT']));
  const longest = Math.max(...clock.sleeps);
  expect(longest).toBeGreaterThanOrEqual(500);
  expect(longest).toBeLessThanOrEqual(3000);
});

test('with uploadBeforeWebhookRate an upload ends before the webhook is sent', async () => {
  const { post } = await setup({ faults: { uploadBeforeWebhookRate: 1 } });
  const inbox = await openInbox();
  await post([asyncTask({ webhookURL: inbox.url, uploadEndpoint: inbox.url })]);
  await eventually(() => expect(inbox.received.map(({ method }) => method)).toEqual(['PUT', 'POST']));
});

test('with uploadNeverRate no upload is made', async () => {
  const { post, emulator } = await setup({ faults: { uploadNeverRate: 1 } });
  const inbox = await openInbox();
  await post([asyncTask({ uploadEndpoint: inbox.url })]);
  await eventually(async () => {
    const response = await fetch(`${emulator.url}/_emulator/stats`, { headers: { connection: 'close' } });
    expect(await response.json()).toMatchObject({ uploadsDropped: 1, uploadsSent: 0 });
  });
  expect(inbox.received).toEqual([]);
});

test('an upload may be truncated or empty', async () => {
  const { post, billOf, setFaults } = await setup({ faults: { uploadTruncatedRate: 1 } });
  const inbox = await openInbox();
  await post([asyncTask({ uploadEndpoint: inbox.url })]);
  await eventually(() => expect(inbox.uploads()).toHaveLength(1));
  await setFaults({ uploadTruncatedRate: 0, uploadEmptyRate: 1 });
  await post([asyncTask({ uploadEndpoint: inbox.url })]);
  await eventually(() => expect(inbox.uploads()).toHaveLength(2));
  const [truncated, empty] = inbox.uploads();
  expect(truncated?.body.length).toBe(sizeOnBill(await billOf('execution')) >> 1);
  expect(truncated?.headers['content-length']).toBe(String(truncated?.body.length));
  expect(empty?.headers['content-length']).toBe('0');
});

test('an upload may come twice, with the same bytes', async () => {
  const { post } = await setup({ faults: { uploadTwiceRate: 1 } });
  const inbox = await openInbox();
  await post([asyncTask({ uploadEndpoint: inbox.url })]);
  await eventually(() => expect(inbox.uploads()).toHaveLength(2));
  expect(inbox.uploads()[0]?.body).toEqual(inbox.uploads()[1]?.body);
});

test('an upload may come with a spoilt signature', async () => {
  const { post } = await setup({ faults: { uploadForbiddenRate: 1 } });
  const inbox = await openInbox(() => 403);
  await post([asyncTask({ uploadEndpoint: `${inbox.url}/key?X-Amz-Signature=abc&X-Amz-Expires=60` })]);
  await eventually(() => expect(inbox.uploads()).toHaveLength(1));
  expect(inbox.uploads()[0]?.path).toBe(`/key?X-Amz-Signature=${'0'.repeat(64)}&X-Amz-Expires=60`);
});

test('an upload may have a content type, and be chunked', async () => {
  const { post, billOf } = await setup({ faults: { uploadContentType: 'image/jpeg', uploadChunkedRate: 1 } });
  const inbox = await openInbox();
  await post([asyncTask({ uploadEndpoint: inbox.url })]);
  await eventually(() => expect(inbox.uploads()).toHaveLength(1));
  const [upload] = inbox.uploads();
  expect(upload?.headers).toMatchObject({ 'content-type': 'image/jpeg', 'transfer-encoding': 'chunked' });
  expect(upload?.headers).not.toHaveProperty('content-length');
  expect(upload?.body.length).toBe(sizeOnBill(await billOf('execution')));
});

test('a refused upload is tried again only with uploadAttempts, and the task remains a success', async () => {
  const { post, poll, setFaults, emulator } = await setup();
  const inbox = await openInbox((_, count) => (count < 4 ? 503 : 200));
  const task = asyncTask({ uploadEndpoint: inbox.url });
  const stats = async (): Promise<unknown> => (await fetch(`${emulator.url}/_emulator/stats`, { headers: { connection: 'close' } })).json();
  await post([task]);
  await eventually(async () => expect(await stats()).toMatchObject({ uploadsSent: 1, uploadsGivenUp: 1 }));
  expect((await poll(task.taskUUID)).data).toMatchObject([{ status: 'success' }]);
  await setFaults({ uploadAttempts: 5 });
  await post([asyncTask({ uploadEndpoint: inbox.url })]);
  await eventually(async () => expect(await stats()).toMatchObject({ uploadsSent: 4, uploadsStored: 1 }));
});

test('an upload may be late', async () => {
  const clock = virtualClock();
  const { post } = await setup({ clock, faults: { uploadLateRate: 1, uploadLateMs: 600_000 } });
  const inbox = await openInbox();
  await post([asyncTask({ uploadEndpoint: inbox.url })]);
  await eventually(() => expect(inbox.uploads()).toHaveLength(1));
  expect(Math.max(...clock.sleeps)).toBeGreaterThan(599_000);
});
