import { buildSettingRecord, type SettingRecord } from '@darkroom/contracts';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { setup, type World } from './world.ts';

const change = (revision: number, allPerDay: number): SettingRecord<'caps'> =>
  buildSettingRecord('caps', { revision, at: 1_800_000_000_000, before: null, after: { allPerDay } });

async function plant({ s3 }: World, key: string, text: string): Promise<void> {
  const client = new S3Client({ endpoint: s3.endpoint, region: s3.region, credentials: s3.credentials, forcePathStyle: true });
  await client.send(new PutObjectCommand({ Bucket: s3.bucket, Key: key, Body: Buffer.from(text) }));
  client.destroy();
}

test('writes a change once; of two with the same revision the first stays', async () => {
  await using world = await setup();
  const { storage } = world;
  expect(await storage.findNewestSetting('caps')).toBeUndefined();
  const answers = await Promise.all([3, 4, 5].map((allPerDay) => storage.recordSetting(change(1, allPerDay))));
  expect(answers.filter(Boolean)).toHaveLength(1);
  const written = await storage.findNewestSetting('caps');
  expect(written).toEqual(change(1, [3, 4, 5][answers.indexOf(true)]!));
  expect(await storage.recordSetting(change(1, 9))).toBe(false);
  expect(await storage.findNewestSetting('caps')).toEqual(written);
});

test('finds the change with the highest number among other objects', async () => {
  await using world = await setup();
  for (const revision of [1, 2, 9, 10, 11]) await world.storage.recordSetting(change(revision, revision));
  await plant(world, 'settings/caps/store/012.json', 'none of ours');
  await plant(world, 'settings/caps/other/99.json', 'none of ours');
  await plant(world, 'settings/owner.json', '{}');
  expect(await world.storage.findNewestSetting('caps')).toEqual(change(11, 11));
});

test.each([
  ['no JSON', 'nonsense', /is not JSON/],
  ['a cap that is none', JSON.stringify({ ...change(2, 1), after: { allPerDay: 0 } }), /after\.allPerDay/],
  ['another revision', JSON.stringify(change(7, 1)), /it is revision 7/],
  [
    'one of a later version',
    JSON.stringify({ version: 2, allPerDecade: 1 }),
    /a later Darkroom wrote it, in version 2; this one reads version 1/,
  ],
])('if the newest change is %s, uses no earlier one and leaves it as it is', async (_, text, words) => {
  await using world = await setup();
  await world.storage.recordSetting(change(1, 1));
  await plant(world, 'settings/caps/store/2.json', text);
  await expect(world.storage.findNewestSetting('caps')).rejects.toMatchObject({
    code: 'storage.corrupt-record',
    message: expect.stringMatching(words) as string,
  });
  expect(await world.storage.recordSetting(change(2, 5))).toBe(false);
});
