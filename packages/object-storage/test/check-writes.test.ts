import { eventually, startTestS3, type TestS3Options } from '@darkroom/testing';
import { expect, onTestFinished, test } from 'vitest';
import { createObjectStorage, writtenFolders } from '../src/index.ts';

/** The check object of every version up to 0.1.0. */
const EARLIER = 'Darkroom looks here whether it may write, and whether what lies here is kept.\n';

async function setup(lacks: NonNullable<TestS3Options['lacks']> = {}) {
  const s3 = await startTestS3({ lacks });
  const storage = createObjectStorage({ ...s3, requestTimeoutMs: 5000, maxImageBytes: 1024 }, { now: Date.now });
  onTestFinished(async () => {
    storage.close();
    await s3.stop();
  });
  return { storage, s3, answers: () => s3.requests.map(({ operation, key, status }) => `${operation} ${key} ${status}`) };
}

test('a bucket that keeps written objects passes, the next time without a write', async () => {
  const { storage, answers } = await setup();
  await storage.checkWrites('records');
  await storage.checkWrites('records');
  const first = ['GetObject 404', 'PutObject 200', 'PutObject 412', 'GetObject 200'];
  const second = ['GetObject 200', 'PutObject 412', 'GetObject 200'];
  // The server notes an answer once it is sent, which the client may have read by then.
  await eventually(() => expect(answers()).toEqual([...first, ...second].map((answer) => answer.replace(' ', ' records/write-check '))));
});

test('a bucket with the check object of an earlier version passes and keeps it', async () => {
  const { storage, s3 } = await setup();
  await s3.put('records/write-check', EARLIER);
  await storage.checkWrites('records');
  await eventually(() => expect(s3.requests.map(({ status }) => status)).toEqual([200, 200, 412, 200]));
});

test('checks a folder that a worker may not read by writing alone', async () => {
  const { storage, answers } = await setup();
  await storage.checkWrites('quarantine');
  await eventually(() => expect(answers()).toEqual([200, 412].map((status) => `PutObject quarantine/write-check ${status}`)));
});

test('no worker of many passes a server that overwrites and answers 412', async () => {
  const { storage } = await setup({ conditionalWrites: 'overwritten' });
  const looks = await Promise.allSettled(Array.from({ length: 10 }, () => storage.checkWrites('records')));
  expect(looks.map(({ status }) => status)).toEqual(looks.map(() => 'rejected'));
});

test('many workers that check at once all pass', async () => {
  const { storage } = await setup();
  await Promise.all(Array.from({ length: 20 }, (_, at) => storage.checkWrites(writtenFolders[at % writtenFolders.length] ?? 'records')));
});

test.for([
  ['ignored', 'ignores'],
  ['not-implemented', 'answers 501 to'],
  ['overwritten', 'answers 412 and still does not keep the existing object on'],
  ['refused', 'refuses, though no object exists,'],
] as const)('refuses a server by which a condition is %s, with a reason and for good', async ([conditionalWrites, words]) => {
  const { storage } = await setup({ conditionalWrites });
  await expect(storage.checkWrites('records')).rejects.toMatchObject({
    code: 'storage.unsuitable',
    retryable: false,
    message: expect.stringContaining(`${words} a PUT with "If-None-Match: *"`),
  });
});

test.for(writtenFolders)('reports a key that may not write to %s/, which may get the right later', async (folder) => {
  const { storage } = await setup({ writesTo: [`${folder}/`] });
  await storage.checkAccess();
  await expect(storage.checkWrites(folder)).rejects.toMatchObject({
    code: 'storage.unavailable',
    retryable: true,
    details: { reason: 'credentials-refused' },
    message: expect.stringContaining(`${folder}/write-check`),
  });
});

test('the check object is neither record, image nor upload', async () => {
  const { storage } = await setup();
  for (const folder of writtenFolders) await storage.checkWrites(folder);
  expect(await storage.hasRecords()).toBe(false);
  expect(await storage.listRecordDates()).toEqual([]);
  for await (const upload of storage.listUploads()) expect(upload).toBeUndefined();
});
