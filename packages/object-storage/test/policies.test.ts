import { readdirSync, readFileSync } from 'node:fs';
import { createHash, randomUUID } from 'node:crypto';
import { buildSettingRecord, parseGrokImagineRequest, taskUuidOf } from '@darkroom/contracts';
import type { TestS3 } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { createErasingStorage, examineBucket } from '../src/index.ts';
import { intentOf, NOW, refOf, resultOf, setup } from './world.ts';

interface Statement {
  Effect: 'Allow' | 'Deny';
  Action: string | string[];
  Resource: string | string[];
  Condition?: unknown;
}

const infra = new URL('../../../infra/s3/', import.meta.url);
const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, infra), 'utf8'));
const statementsOf = (file: string): Statement[] => (read(file) as { Statement: Statement[] }).Statement; // the shape of a policy

/** Returns the permissions or denials of a policy, as "s3:GetObject images/" for a folder and "s3:ListBucket" for the bucket. */
const grantsOf = (statements: Statement[]): string[] =>
  statements.flatMap(({ Action, Resource }) =>
    [Action]
      .flat()
      .flatMap((action) =>
        [Resource].flat().map((resource) => `${action} ${resource.replace(/^arn:aws:s3:::BUCKET\/?/, '').replace(/\*$/, '')}`.trim()),
      ),
  );

/** Returns the action that S3 requires for an operation (Amazon S3 User Guide, "Required permissions for Amazon S3 API operations"). */
const actions = new Map([
  ['PutObject', 's3:PutObject'],
  ['GetObject', 's3:GetObject'],
  ['ListObjectsV2', 's3:ListBucket'],
  ['DeleteObjects', 's3:DeleteObject'],
]);

/** Returns the rights that requests needed, as `grantsOf` writes them. */
const rightsOf = (s3: TestS3): Set<string> =>
  new Set(
    s3.requests.flatMap(({ operation = '', key }) => {
      const action = actions.get(operation) ?? `unknown operation "${operation}"`;
      // The keys of a bulk request are in the body (`ErasingStorage`).
      if (operation === 'DeleteObjects') return ['images/', 'quarantine/', 'staging/', 'inputs/'].map((folder) => `${action} ${folder}`);
      return key === '' ? action : `${action} ${key === 'settings/owner.json' ? key : `${key.split('/')[0]}/`}`;
    }),
  );

/** Runs every operation of the eraser's storage once. */
async function eraseEverything(): Promise<Set<string>> {
  await using world = await setup();
  const { bucket, region, endpoint, credentials } = world.s3;
  const storage = createErasingStorage({ bucket, region, endpoint, credentials, requestTimeoutMs: 10_000 });
  await storage.checkAccess();
  await storage.findOwner();
  await storage.findFormat();
  const ref = refOf();
  await storage.deleteUploads([taskUuidOf(ref)]);
  await storage.writeTombstone(ref.generationId, 0);
  await storage.findRequest(ref.generationId);
  const { provider, model, outputFormat, dimensions, outline, requestDigest, ...fields } = intentOf(ref);
  await storage.eraseIntent({ ...fields, version: 1, request: { ...parseGrokImagineRequest({ positivePrompt: 'a red door' }) } });
  await storage.findIntent(ref, 0);
  await storage.deleteImages(ref.generationId, [ref]);
  await storage.deleteInputs('acme', NOW);
  for (const date of await storage.listStoredDates())
    for await (const { intent } of storage.listStoredOf(date)) if (intent !== undefined) await storage.salvageIntent(intent, intent.round);
  for (const record of await storage.listRecordsOf(ref.generationId)) expect(record.kind).toBe('intent');
  storage.close();
  return rightsOf(world.s3);
}

/** Runs every operation of a worker's storage once. */
async function useEverything(): Promise<Set<string>> {
  await using world = await setup();
  const { storage, s3 } = world;
  const ref = refOf();
  const bytes = Buffer.from('bytes');
  await storage.checkAccess();
  await (await fetch(await storage.presignUpload(ref, 60), { method: 'PUT', body: bytes, headers: { connection: 'close' } })).arrayBuffer();
  await storage.readStaging(ref);
  await storage.keepImage(ref, { format: 'PNG', contentType: 'image/png' }, bytes);
  await storage.readImage(ref, 'PNG');
  await storage.quarantine(ref, bytes);
  const { generationId } = ref;
  const request = { model: 'a model', numberResults: 1, outputFormat: 'PNG' } as const;
  await storage.recordRequest({ generationId, provider: 'runware', model: 'a model', request });
  await storage.findRequest(generationId);
  await storage.recordIntent(intentOf(ref));
  await storage.findIntent(ref, 0);
  await storage.recordResult(resultOf(ref));
  await storage.recordAmendment(resultOf(ref));
  await storage.findResult(ref);
  await storage.hasRecords();
  await storage.recordOwner({ version: 1, id: randomUUID(), prefix: '{darkroom}', at: 1, epoch: 'epoch' });
  await storage.findOwner();
  await storage.recordFormat(1, 0);
  await storage.findFormat();
  const caps = { allPerDay: 1 };
  await storage.recordSetting(buildSettingRecord('caps', { revision: 1, at: 0, before: null, after: caps }));
  await storage.findNewestSetting('caps');
  await storage.listImagesOf(ref.generationId);
  await storage.findAmendment(ref);
  for (const date of await storage.listRecordDates()) for await (const { index } of storage.listRecordsOfDate(date)) expect(index).toBe(0);
  // Runware reads reference images by such a URL, which has the rights of its signer.
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await (await fetch(await storage.presignInput({ tenantPart: 'acme', sha256 }, 60), { headers: { connection: 'close' } })).arrayBuffer();

  return new Set([...rightsOf(s3)].map((right) => right.replace('owner.json', '')));
}

test('a worker has exactly the rights that its storage needs', async () => {
  const statements = statementsOf('worker-policy.json');
  expect(statements.every(({ Effect }) => Effect === 'Allow')).toBe(true);
  expect(grantsOf(statements).toSorted()).toEqual([...(await useEverything())].toSorted());
});

test('the eraser has exactly the rights that its storage needs', async () => {
  const statements = statementsOf('eraser-policy.json');
  expect(statements.every(({ Effect }) => Effect === 'Allow')).toBe(true);
  expect(grantsOf(statements).toSorted()).toEqual([...(await eraseEverything())].toSorted());
});

test('no policy but that of the eraser allows a delete', () => {
  const policies = readdirSync(infra).filter((file) => file.endsWith('-policy.json') && !file.startsWith('bucket'));
  const deleting = policies.filter((file) => grantsOf(statementsOf(file)).some((grant) => grant.startsWith('s3:Delete')));
  expect(deleting).toEqual(['eraser-policy.json']);
});

test('a reader may read images, and neither list nor read other objects', () => {
  expect(grantsOf(statementsOf('reader-policy.json'))).toEqual(['s3:GetObject images/']);
});

test('a writer of reference images may neither read nor list', () => {
  expect(grantsOf(statementsOf('inputs-policy.json'))).toEqual(['s3:PutObject inputs/']);
});

test('an operator who runs doctor may ask about the bucket, and nothing else', async () => {
  await using world = await setup();
  await examineBucket({ ...world.s3, requestTimeoutMs: 10_000 });
  const needed = new Map([
    ['GetBucketVersioning', 's3:GetBucketVersioning'],
    ['GetObjectLockConfiguration', 's3:GetBucketObjectLockConfiguration'],
    ['GetBucketReplication', 's3:GetReplicationConfiguration'],
  ]);
  const used = world.s3.requests.map(({ operation = '' }) => needed.get(operation));
  expect(grantsOf(statementsOf('doctor-policy.json')).toSorted()).toEqual(used.toSorted());
});

test('no allowing policy has a wildcard, except for a whole folder', () => {
  const files = ['worker-policy.json', 'eraser-policy.json', 'reader-policy.json', 'inputs-policy.json', 'doctor-policy.json'];
  for (const { Action, Resource } of files.flatMap(statementsOf)) {
    for (const action of [Action].flat()) expect(action).toMatch(/^s3:[A-Za-z]+$/);
    for (const resource of [Resource].flat()) expect(resource).toMatch(/^arn:aws:s3:::BUCKET(\/[a-z]+\/(\*|owner\.json))?$/);
  }
});

test('the bucket refuses plain HTTP, and requires the condition for lasting objects', () => {
  const statements = statementsOf('bucket-policy.json');
  expect(statements.every(({ Effect }) => Effect === 'Deny')).toBe(true);
  const conditionsOf = (grant: string): unknown => statements.find((statement) => grantsOf([statement]).includes(grant))?.Condition;
  const isNew = { Null: { 's3:if-none-match': 'true' } };
  const except = (...roles: string[]) => ({
    ArnNotEquals: { 'aws:PrincipalArn': roles.length === 1 ? roles[0] : roles },
  });
  const [breakGlass, eraser] = ['break-glass', 'eraser'].map((role) => `arn:aws:iam::ACCOUNT:role/darkroom-${role}`) as [string, string];
  expect(conditionsOf('s3:*')).toEqual({ Bool: { 'aws:SecureTransport': 'false' } });
  // `writeOnce` sends If-None-Match with every PUT of these; a presigned upload goes to staging/ without it.
  for (const folder of ['images/', 'quarantine/', 'settings/', 'inputs/']) expect(conditionsOf(`s3:PutObject ${folder}`)).toEqual(isNew);
  for (const folder of ['records/', 'requests/']) expect(conditionsOf(`s3:PutObject ${folder}`)).toEqual({ ...isNew, ...except(eraser) });
  expect(conditionsOf('s3:PutObject staging/')).toBeUndefined();
  // A tombstone is never deleted.
  for (const folder of ['records/', 'requests/', 'settings/'])
    expect(conditionsOf(`s3:DeleteObject ${folder}`)).toEqual(except(breakGlass));
  for (const folder of ['images/', 'quarantine/', 'inputs/'])
    expect(conditionsOf(`s3:DeleteObject ${folder}`)).toEqual(except(breakGlass, eraser));
});

test('only uploads expire', () => {
  const { Rules } = read('lifecycle.json') as { Rules: { Status: string; Filter: { Prefix: string }; Expiration?: { Days: number } }[] }; // the form that S3 accepts
  const ending = Rules.filter(({ Expiration, Status }) => Expiration !== undefined && Status === 'Enabled');
  expect(ending.map(({ Filter, Expiration }) => [Filter.Prefix, Expiration?.Days])).toEqual([['staging/', 30]]);
});
