import { startTestS3, type TestS3Options } from '@darkroom/testing';
import { expect, onTestFinished, test } from 'vitest';
import { createObjectStorage, writtenFolders } from '../src/index.ts';

async function setup(lacks: NonNullable<TestS3Options['lacks']> = {}) {
  const s3 = await startTestS3({ lacks });
  const storage = createObjectStorage({ ...s3, requestTimeoutMs: 5000, maxImageBytes: 1024 }, { now: Date.now });
  onTestFinished(async () => {
    storage.close();
    await s3.stop();
  });
  return { storage, answers: () => s3.requests.map(({ operation, key, status }) => `${operation} ${key} ${status}`) };
}

test('a bucket that keeps what was written once passes, the next time by one request', async () => {
  const { storage, answers } = await setup();
  await storage.checkWrites('records');
  await storage.checkWrites('records');
  expect(answers()).toEqual([200, 412, 412].map((status) => `PutObject records/write-check ${status}`));
});

test('many workers that look at once all pass', async () => {
  const { storage } = await setup();
  await Promise.all(Array.from({ length: 20 }, (_, at) => storage.checkWrites(writtenFolders[at % writtenFolders.length] ?? 'records')));
});

test.for([
  ['ignored', 'ignores'],
  ['not-implemented', 'answers 501 to'],
] as const)('a server by which a condition is %s is refused in words, for good', async ([conditionalWrites, words]) => {
  const { storage } = await setup({ conditionalWrites });
  await expect(storage.checkWrites('records')).rejects.toMatchObject({
    code: 'storage.unsuitable',
    retryable: false,
    message: expect.stringContaining(`${words} a PUT with "If-None-Match: *"`),
  });
});

test.for(writtenFolders)('a key that may not write to %s/ is told, and may get the right later', async (folder) => {
  const { storage } = await setup({ writesTo: [`${folder}/`] });
  await storage.checkAccess();
  await expect(storage.checkWrites(folder)).rejects.toMatchObject({
    code: 'storage.unavailable',
    retryable: true,
    details: { reason: 'credentials-refused' },
    message: expect.stringContaining(`${folder}/write-check`),
  });
});

test('what a check leaves behind is no record, no image and no upload', async () => {
  const { storage } = await setup();
  for (const folder of writtenFolders) await storage.checkWrites(folder);
  expect(await storage.hasRecords()).toBe(false);
  expect(await storage.listRecordDates()).toEqual([]);
  for await (const upload of storage.listUploads()) expect(upload).toBeUndefined();
});
