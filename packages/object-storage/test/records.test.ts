import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { StorageError, type ListedRecord, type RecordName, type SubmissionRef } from '@darkroom/contracts';
import { eventually } from '@darkroom/testing';
import { describe, expect, test } from 'vitest';
import { resultKey } from '../src/index.ts';
import { startReplyLosingProxy } from './one-reply-lost.ts';
import { intentOf, NOW, refOf, resultOf, setup as setupWorld, ways, type World } from './world.ts';

/** Writes an object around the storage, as an operator or a fault would. */
async function plant({ s3: { endpoint, region, credentials, bucket } }: World, key: string, body: string): Promise<void> {
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: Buffer.from(body) }));
  client.destroy();
}

async function listedOn({ storage }: World, date: string): Promise<ListedRecord[]> {
  const listed: ListedRecord[] = [];
  for await (const record of storage.listRecordsOfDate(date)) listed.push(record);
  return listed;
}

describe.each(ways)('requests by %s', (_way, createRequests) => {
  const setup = (config: Parameters<typeof setupWorld>[0] = {}) => setupWorld(config, createRequests);

  test('records an intent once, and returns it to the second writer', async () => {
    await using world = await setup();
    const ref = refOf();
    const intent = intentOf(ref);
    expect(await world.storage.findIntent(ref, 0)).toBeUndefined();
    expect(await world.storage.recordIntent(intent)).toEqual({ kind: 'recorded' });
    expect(await world.storage.recordIntent(intentOf(ref, { firstSentAt: NOW + 1000 }))).toEqual({ kind: 'existing', intent });
    expect(await world.storage.findIntent(ref, 0)).toEqual(intent);
  });

  test('reports an equal intent as existing, because another run wrote it', async () => {
    await using world = await setup();
    const intent = intentOf(refOf());
    await world.storage.recordIntent(intent);
    expect(await world.storage.recordIntent(intent)).toEqual({ kind: 'existing', intent });
  });

  test('a further round has its own intent', async () => {
    await using world = await setup();
    const ref = refOf();
    await world.storage.recordIntent(intentOf(ref));
    expect(await world.storage.recordIntent(intentOf(ref, { round: 1, firstSentAt: NOW + 60_000 }))).toEqual({ kind: 'recorded' });
    expect((await world.storage.findIntent(ref, 1))?.firstSentAt).toBe(NOW + 60_000);
    expect((await world.storage.findIntent(ref, 0))?.firstSentAt).toBe(NOW);
  });

  test('records one of thirty concurrent results and returns it to all others', async () => {
    await using world = await setup();
    const ref = refOf();
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, worker) => world.storage.recordResult(resultOf(ref, { settledAt: NOW + worker }))),
    );
    const winners = outcomes.flatMap((outcome, worker) => (outcome.kind === 'recorded' ? [worker] : []));
    expect(winners).toHaveLength(1);
    const winner = resultOf(ref, { settledAt: NOW + (winners[0] ?? -1) });
    for (const outcome of outcomes) if (outcome.kind === 'existing') expect(outcome.result).toEqual(winner);
    expect(await world.storage.findResult(ref)).toEqual(winner);
  });

  test('keeps an amendment beside the result', async () => {
    await using world = await setup();
    const ref = refOf();
    await world.storage.recordResult(resultOf(ref));
    expect(await world.storage.recordAmendment(resultOf(ref, { status: 'unknown' }))).toEqual({ kind: 'recorded' });
    expect(await world.storage.recordAmendment(resultOf(ref, { status: 'lost' }))).toMatchObject({
      kind: 'existing',
      result: { status: 'unknown' },
    });
    expect((await world.storage.findResult(ref))?.status).toBe('failed');
  });

  test('reports a write whose reply was lost as recorded, not existing', async () => {
    await using world = await setup();
    await using proxy = await startReplyLosingProxy({ endpoint: world.s3.endpoint, method: 'PUT' });
    const storage = world.storageWith({ endpoint: proxy.endpoint });
    const ref = refOf();
    expect(await storage.recordIntent(intentOf(ref))).toEqual({ kind: 'recorded' });
    expect(proxy.lost()).toBe(1);
    await eventually(() => expect(world.s3.countOf('PutObject')).toBe(2));
    expect(await world.storage.findIntent(ref, 0)).toEqual(intentOf(ref));
  });

  test.each([
    ['not JSON', '{"version":'],
    ['another shape', '{"version":2}'],
    ['nothing', ''],
    ['the record of another submission', JSON.stringify(resultOf(refOf()))],
  ])('reports %s under the key of a result as a corrupt record', async (_name, body) => {
    await using world = await setup();
    const ref = refOf();
    await plant(world, resultKey(ref), body);
    const corrupt = { code: 'storage.corrupt-record', retryable: false, details: { key: resultKey(ref) } };
    await expect(world.storage.findResult(ref)).rejects.toMatchObject(corrupt);
    await expect(world.storage.recordResult(resultOf(ref))).rejects.toMatchObject(corrupt);
  });

  test('does not write a record that could not be read back', async () => {
    await using world = await setup();
    const ref = refOf();
    await expect(world.storage.recordResult(resultOf(ref, { settledAt: Number.NaN }))).rejects.toBeInstanceOf(StorageError);
    expect(await world.storage.findResult(ref)).toBeUndefined();
  });
});

test('lists the records between two ids of a day, and names foreign objects', async () => {
  await using world = await setupWorld();
  const refs = [0, 1000, 2000, 3000].map((laterMs) => refOf(NOW + laterMs));
  for (const ref of refs) await world.storage.recordIntent(intentOf(ref));
  const [, second, third, fourth] = refs.map(({ generationId }) => generationId);
  await plant(world, `records/2026-11-22/${third}/notes.txt`, 'of a person');
  const foreign: string[] = [];
  const listed: string[] = [];
  for await (const { generationId } of world.storage.listRecordsBetween('2026-11-22', second!, fourth!.slice(0, 13), (key) =>
    foreign.push(key),
  ))
    listed.push(generationId);
  expect(listed).toEqual([second, third]);
  expect(foreign).toEqual([`records/2026-11-22/${third}/notes.txt`]);
});

test('lists late ids since the time of their enqueue, and not as a day of records', async () => {
  await using world = await setupWorld();
  const [early, late] = [refOf(NOW), refOf(NOW - 3_600_000)];
  await world.storage.recordLateId({ generationId: early.generationId, createdAt: NOW - 1 });
  for (const again of [1, 2]) await world.storage.recordLateId({ generationId: late.generationId, createdAt: NOW }).then(() => again);
  await plant(world, `records/late/${NOW + 1}`, 'of a person');
  const foreign: string[] = [];
  const listed: string[] = [];
  for await (const generationId of world.storage.listLateIds(NOW, (key) => foreign.push(key))) listed.push(generationId);
  expect(listed).toEqual([late.generationId]);
  expect(foreign).toEqual([`records/late/${NOW + 1}`]);
  expect(await world.storage.listRecordDates()).toEqual([]);
});

test('lists exactly the records of a day and of a generation, by name', async () => {
  await using world = await setupWorld();
  const [today, another, yesterday] = [refOf(), refOf(), refOf(NOW - 24 * 60 * 60 * 1000)];
  for (const ref of [today, another, yesterday]) {
    await world.storage.recordIntent(intentOf(ref));
    await world.storage.recordResult(resultOf(ref));
  }
  await world.storage.recordIntent(intentOf(today, { round: 1 }));
  await world.storage.recordAmendment(resultOf(today));
  await plant(world, `records/2026-11-22/${today.generationId}/notes.txt`, 'of a person');
  const namesOf = (ref: SubmissionRef, ...records: [RecordName['kind'], number][]) =>
    records.map(([kind, round]) => ({ ...ref, kind, round, writtenAt: expect.any(Number) as number }));
  const ofToday = namesOf(today, ['amendment', 0], ['intent', 1], ['intent', 0], ['result', 0]);
  const ofAnother = namesOf(another, ['intent', 0], ['result', 0]);

  expect(await world.storage.listRecordsOf(today.generationId)).toEqual(ofToday);
  expect(await world.storage.listRecordDates()).toEqual(['2026-11-21', '2026-11-22']);
  const listed = await listedOn(world, '2026-11-22');
  const inOrder = today.generationId < another.generationId ? [...ofToday, ...ofAnother] : [...ofAnother, ...ofToday];
  expect(listed).toEqual(inOrder);
  const newest = Math.max(...listed.map(({ writtenAt }) => writtenAt));
  expect(Math.abs(Date.now() - newest)).toBeLessThan(60_000);
});

test('lists a day with more records than fit a page to its end', { timeout: 30_000 }, async () => {
  await using world = await setupWorld();
  const refs = Array.from({ length: 52 }, () => refOf()).flatMap((ref) => Array.from({ length: 20 }, (_, index) => ({ ...ref, index })));
  for (let at = 0; at < refs.length; at += 40)
    await Promise.all(refs.slice(at, at + 40).map((ref) => world.storage.recordIntent(intentOf(ref, { images: 20 }))));
  const listed = await listedOn(world, '2026-11-22');
  expect(listed.map(({ generationId, index }) => `${generationId}/${index}`).toSorted()).toEqual(
    refs.map(({ generationId, index }) => `${generationId}/${index}`).toSorted(),
  );
});

test('a bucket has records from the first intent on', async () => {
  await using world = await setupWorld();
  await world.storage.keepImage(refOf(), { format: 'JPG', contentType: 'image/jpeg' }, Buffer.from('image'));
  expect(await world.storage.hasRecords()).toBe(false);
  await world.storage.recordIntent(intentOf(refOf()));
  expect(await world.storage.hasRecords()).toBe(true);
});
