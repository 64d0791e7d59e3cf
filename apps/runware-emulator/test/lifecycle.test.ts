import { appendFile, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, trickleUntilHungUp } from '@darkroom/testing';
import { expect, onTestFinished, test } from 'vitest';
import { createEmulator, readBill, systemClock } from '../src/app.ts';
import { accountsOf } from './accounts.ts';
import { openInbox } from './inbox.ts';
import { virtualClock } from './virtual-clock.ts';
import { asyncTask, download, imageTask, newDirectory, quick, setup, worldOf } from './world.ts';

async function newEmulator(directory?: string) {
  const config = { host: '127.0.0.1', port: 0, apiKey: 'key', seed: '1', directory: directory ?? (await newDirectory()), faults: quick };
  const emulator = createEmulator(config);
  onTestFinished(() => emulator.stop());
  return emulator;
}

test('an emulator may be stopped before its start, started twice and stopped twice', async () => {
  const emulator = await newEmulator();
  await emulator.stop();
  expect(() => emulator.url).toThrow('is not running');
  await Promise.all([emulator.start(), emulator.start()]);
  expect((await download(emulator.url)).status).toBe(200);
  const { url } = emulator;
  await Promise.all([emulator.stop(), emulator.stop()]);
  await expect(fetch(url)).rejects.toThrow('fetch failed');
});

test('an emulator that is stopped during its start does not listen', async () => {
  const emulator = await newEmulator();
  await Promise.all([emulator.start(), emulator.stop()]);
  expect(() => emulator.url).toThrow('is not running');
});

test('a client that sends its request byte by byte is disconnected', async () => {
  const directory = await newDirectory();
  const config = { host: '127.0.0.1', port: 0, apiKey: 'key', seed: '1', directory, faults: quick };
  const emulator = createEmulator(config, { clock: systemClock, requestLimitMs: 300 });
  onTestFinished(() => emulator.stop());
  await emulator.start();
  expect(await trickleUntilHungUp(emulator.url)).toBeLessThan(2500);
});

test('a start that fails leaves nothing open and may be tried again', async () => {
  const taken = await newEmulator();
  await taken.start();
  const directory = await newDirectory();
  const port = Number(new URL(taken.url).port);
  const emulator = createEmulator({ host: '127.0.0.1', port, apiKey: 'key', seed: '1', directory, faults: {} });
  onTestFinished(() => emulator.stop());
  await expect(emulator.start()).rejects.toThrow('EADDRINUSE');
  await taken.stop();
  await emulator.start();
  expect((await download(emulator.url)).status).toBe(200);
});

test('a stop aborts what is under way, and the next start continues it', async () => {
  const emulator = await newEmulator();
  await emulator.start();
  const world = worldOf(emulator);
  const inbox = await openInbox();
  await world.setFaults({ executionMs: [300, 300] });
  const task = asyncTask({ webhookURL: inbox.url, uploadEndpoint: inbox.url });
  await world.post([task]);
  const waiting = world.post([imageTask()]);
  waiting.catch(() => undefined);
  await eventually(async () => expect(await world.billOf('acceptance')).toHaveLength(2));
  await emulator.stop();
  await expect(waiting).rejects.toThrow('fetch failed');
  expect(await readBill(emulator.billFile)).not.toContainEqual(expect.objectContaining({ kind: 'execution' }));

  await emulator.start();
  await eventually(() => expect(inbox.received.map(({ method }) => method)).toEqual(['POST', 'PUT']));
  await eventually(async () => expect(await world.billOf('execution')).toHaveLength(2));
  expect((await world.post([task])).errors).toMatchObject([{ code: 'conflictTaskUUID' }]);
});

test('a restart keeps results and images, and repeats no delivery', async () => {
  const emulator = await newEmulator();
  await emulator.start();
  const world = worldOf(emulator);
  const inbox = await openInbox();
  const task = imageTask({ webhookURL: inbox.url, uploadEndpoint: inbox.url });
  const { data } = await world.post([task]);
  const before = await download(data[0]?.['imageURL']);
  await eventually(async () => expect(await readFile(join(emulator.billFile, '../state.jsonl'), 'utf8')).toContain('upload-0'));
  await emulator.stop();
  await emulator.start();
  const polled = await world.poll(task.taskUUID);
  expect(polled.data).toMatchObject([{ imageUUID: data[0]?.['imageUUID'], seed: data[0]?.['seed'], status: 'success' }]);
  expect((await download(polled.data[0]?.['imageURL'])).bytes).toEqual(before.bytes);
  // The delivery of a later task comes after any delivery that the restart would have repeated.
  const later = imageTask({ webhookURL: inbox.url });
  await world.post([later]);
  await eventually(() => expect(inbox.webhooks()).toHaveLength(2));
  expect(inbox.uploads()).toHaveLength(1);
});

test('an execution on the bill that is not in the state is not charged again', async () => {
  const directory = await newDirectory();
  const emulator = await newEmulator(directory);
  await emulator.start();
  const task = asyncTask();
  await worldOf(emulator).post([task]);
  await emulator.stop();
  const [image] = [{ imageUUID: 'i', sha256: 'a'.repeat(64), sizeBytes: 1 }];
  const line = {
    kind: 'execution',
    at: 1,
    taskUUID: task.taskUUID,
    run: 1,
    costUsd: '0.02',
    promptSha256: 'b'.repeat(64),
    images: [image],
  };
  await appendFile(emulator.billFile, `${JSON.stringify(line)}\n`);
  await emulator.start();
  await eventually(async () => expect((await worldOf(emulator).poll(task.taskUUID)).data).toMatchObject([{ status: 'success' }]));
  expect(accountsOf(await readBill(emulator.billFile)).get(task.taskUUID)).toMatchObject({ executions: 1 });
});

test('the same seed gives the same times, failures, seeds and images; another seed gives different ones', async () => {
  const tasks = Array.from({ length: 8 }, () => imageTask());
  const run = async (seed: string) => {
    const clock = virtualClock();
    const { post, billOf } = await setup({ seed, clock, faults: { executionMs: [20, 5000], failProviderErrorRate: 0.4 } });
    const ends: unknown[] = [];
    for (const task of tasks) {
      const { data, errors } = await post([task]);
      ends.push([data[0]?.['seed'], data[0]?.['imageUUID'], errors[0]?.['code']]);
    }
    return { waits: clock.sleeps, ends, executions: await billOf('execution') };
  };
  const first = await run('a');
  expect(first.waits).toHaveLength(tasks.length);
  expect(await run('a')).toEqual(first);
  const other = await run('b');
  expect(other.waits).not.toEqual(first.waits);
  expect(other.ends).not.toEqual(first.ends);
});

test('switches set while running survive a restart, unless the start has other switches', async () => {
  const directory = await newDirectory();
  const faultsOf = async (url: string): Promise<unknown> => JSON.parse((await download(`${url}/_emulator/faults`)).bytes.toString());
  const emulator = await newEmulator(directory);
  await emulator.start();
  await worldOf(emulator).setFaults({ uploadNeverRate: 0.5 });
  await worldOf(emulator).setFaults({ webhookDropRate: 0.5 });
  await emulator.stop();
  await emulator.start();
  expect(await faultsOf(emulator.url)).toMatchObject({ webhookDropRate: 0.5, uploadNeverRate: 0, executionMs: [20, 60] });
  await emulator.stop();
  const other = await setup({ directory, faults: { cost: 'zero' } });
  expect(await faultsOf(other.emulator.url)).toMatchObject({ webhookDropRate: 0, cost: 'zero' });
});

test('a task keeps the switches of its acceptance', async () => {
  const world = await setup({ faults: { executionMs: [200, 200], failProviderErrorRate: 1 } });
  const task = asyncTask();
  await world.post([task]);
  await world.setFaults({ failProviderErrorRate: 0 });
  await eventually(async () => expect((await world.poll(task.taskUUID)).errors).toMatchObject([{ code: 'providerError' }]));
});

test('only the owner can read the state, and the bill holds no prompt, address or key', async () => {
  const world = await setup();
  const inbox = await openInbox();
  await world.post([imageTask({ positivePrompt: 'a very secret lighthouse', webhookURL: `${inbox.url}?token=secret-token` })]);
  const bill = await readFile(world.emulator.billFile, 'utf8');
  expect(bill).not.toMatch(/secret|127\.0\.0\.1|"key"/);
  expect((await stat(join(world.emulator.billFile, '../state.jsonl'))).mode & 0o777).toBe(0o600);
});
