import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DeleteObjectsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { storesEnvironment } from '@darkroom/local-stack';
import { createProducer } from '@darkroom/producer';
import { expect, onTestFinished, test } from 'vitest';
import { builtApp } from '../src/built-apps/built-apps.ts';
import { eventually } from '../src/eventually.ts';
import { countExecutions, readBilledTasks } from '../src/fleet/bill.ts';
import { startFleet } from '../src/fleet/fleet.ts';
import { baseEnvironment } from '../src/fleet/test-place.ts';
import { writePrograms } from './write-programs.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const request = { positivePrompt: 'a lighthouse at dusk', width: 1024, height: 1024 } as const;

/** Returns the commands of the page: to copy the bucket, to put the copy in place, and to look afterwards. */
async function readCommands(): Promise<string[]> {
  const page = await readFile(join(root, 'docs/operations/upgrades.md'), 'utf8');
  const section = page.slice(page.indexOf('\n### When the bucket is lost\n'));
  return [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, commands = '']) => commands);
}

/** `aws s3 sync` between a bucket and a folder, which this machine lacks. */
const AWS = `const { S3Client, ListObjectsV2Command, GetObjectCommand, PutObjectCommand } = require(${JSON.stringify(createRequire(import.meta.url).resolve('@aws-sdk/client-s3'))});
const { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const [s3, sync, from, to, flag, pattern = ''] = process.argv.slice(2);
if (s3 !== 's3' || sync !== 'sync' || ![undefined, '--exclude'].includes(flag)) throw new Error('not known: ' + process.argv.slice(2));
const { S3_ENDPOINT: endpoint } = process.env;
const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
const isLeft = (key) => pattern !== '' && key.startsWith(pattern.replace('*', ''));
(async () => {
  if (from.startsWith('s3://')) {
    const Bucket = from.slice(5);
    for (let token; ; ) {
      const page = await client.send(new ListObjectsV2Command({ Bucket, ContinuationToken: token }));
      for (const { Key } of page.Contents ?? []) {
        if (isLeft(Key)) continue;
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
        mkdirSync(dirname(join(to, Key)), { recursive: true });
        writeFileSync(join(to, Key), await Body.transformToByteArray());
      }
      if ((token = page.NextContinuationToken) === undefined) return;
    }
  }
  for (const name of readdirSync(from, { recursive: true }))
    if (statSync(join(from, name)).isFile())
      await client.send(new PutObjectCommand({ Bucket: to.slice(5), Key: name, Body: readFileSync(join(from, name)) }));
})();`;

test('by the commands of the page a lost bucket comes back from its copy: younger images are named, nothing is bought again', async () => {
  const [copy = '', putBack = '', look = '', ...further] = await readCommands();
  expect(further).toEqual([]);
  const fleet = await startFleet({ env: { DAILY_CAP_USD: '100' } });
  const { directory, redis, redisUrl, prefix, s3Config } = fleet;
  const { bucket: Bucket, ...place } = s3Config;
  const client = new S3Client({ ...place, forcePathStyle: true });
  const producer = createProducer({ redisUrl, prefix });
  onTestFinished(async () => {
    client.destroy();
    await producer.close();
    await fleet.stop();
  });
  const commands = join(directory, 'commands');
  const cli = `process.argv[1] = '${builtApp('cli')}';\nimport(process.argv[1]);`;
  await writePrograms(commands, { aws: AWS, darkroom: cli });
  await mkdir(join(directory, 'copy'));
  const env = {
    ...baseEnvironment(),
    ...storesEnvironment({ redisUrl, prefix, s3: s3Config }),
    PATH: [commands, '/usr/bin', '/bin'].join(delimiter),
    AWS_ACCESS_KEY_ID: s3Config.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3Config.credentials.secretAccessKey,
    COPY: join(directory, 'copy'),
  };
  const run = async (script: string): Promise<{ code: number; stdout: string }> =>
    promisify(execFile)('sh', ['-ec', script], { env }).then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: unknown) => error as { code: number; stdout: string; stderr: string },
    );
  const order = async (): Promise<string> => (await producer.enqueue(request)).generationId;
  const home = async (id: string): Promise<void> =>
    expect(await producer.wait(id, { timeoutMs: 60_000 }), id).toMatchObject({ status: 'succeeded' });

  const older = [await order(), await order()];
  for (const id of older) await home(id);
  expect(await run(copy)).toMatchObject({ code: 0 });
  const younger = await order();
  await home(younger);
  await fleet.setFaults({ executionMs: [5000, 5000] });
  const underWay = await order();
  await eventually(async () => expect((await producer.get(underWay)).images[0]).toMatchObject({ submissionStatus: 'accepted' }));

  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
  await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: Contents.map(({ Key }) => ({ Key })) } }));
  expect(await run(putBack)).toMatchObject({ code: 0 });
  await home(underWay);
  await redis.kill();
  await redis.start();
  const later = await order();
  await home(later);

  const looked = await run(look);
  expect(looked, JSON.stringify(looked)).toMatchObject({ code: 3 });
  const named = looked.stdout.split('\n').filter((line) => line.includes('image-missing') && line.includes('S3 lacks its records, too'));
  expect(named.map((line) => [younger, ...older, underWay, later].filter((id) => line.includes(id)))).toEqual([[younger]]);
  await expect(producer.retry(younger)).rejects.toMatchObject({ code: 'retry.already-succeeded' });
  const billed = await readBilledTasks(fleet.billFile);
  expect([...billed.values()].filter(({ executions }) => executions > 1)).toEqual([]);
  expect(countExecutions(billed)).toBe(older.length + 3);
}, 180_000);
