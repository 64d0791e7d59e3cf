import { execFile } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
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

/** Returns the commands of the exercise, as the page has them: to back up, to put the backup in place, and to look afterwards. */
async function readExercise(): Promise<string[]> {
  const page = await readFile(join(root, 'docs/operations/upgrades.md'), 'utf8');
  const section = page.slice(page.indexOf('\n## Backup and restore\n'), page.indexOf('\n### When the bucket is lost\n'));
  return [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, commands = '']) => commands);
}

/** Sends one command, as `redis-cli -u <address> <command>` does: the Redis of the tests comes without its tools. */
const REDIS_CLI = `const { Redis } = require(${JSON.stringify(createRequire(import.meta.url).resolve('ioredis'))});
const [flag, address, ...words] = process.argv.slice(2);
if (flag !== '-u') throw new Error('-u <address> comes first');
const redis = new Redis(address);
redis.call(...words).then((answer) => console.log(String(answer))).finally(() => redis.disconnect());`;

test('by the commands of the page a lost Redis comes back from its backup: what was bought since comes home, and nothing is paid twice', async () => {
  const [backUp = '', putBack = '', look = '', ...further] = await readExercise();
  expect(further).toEqual([]);
  const fleet = await startFleet({ env: { DAILY_CAP_USD: '100' } });
  const { directory, redis, redisUrl, prefix, s3Config } = fleet;
  const producer = createProducer({ redisUrl, prefix });
  onTestFinished(async () => {
    await producer.close();
    await fleet.stop();
  });
  const [commands, backup] = [join(directory, 'commands'), join(directory, 'backup')];
  await mkdir(backup);
  const cli = `process.argv[1] = '${builtApp('cli')}';\nimport(process.argv[1]);`;
  await writePrograms(commands, { 'redis-cli': REDIS_CLI, darkroom: cli });
  const environment = {
    ...baseEnvironment(),
    ...storesEnvironment({ redisUrl, prefix, s3: s3Config }),
    PATH: [commands, '/usr/bin', '/bin'].join(delimiter),
    REDIS_DIR: join(directory, 'redis'),
    BACKUP: backup,
  };
  const run = async (script: string): Promise<string> => (await promisify(execFile)('sh', ['-ec', script], { env: environment })).stdout;
  const order = async (options: object = {}): Promise<string> => (await producer.enqueue(request, options)).generationId;
  const home = async (id: string): Promise<void> =>
    expect(await producer.wait(id, { timeoutMs: 60_000 }), id).toMatchObject({ status: 'succeeded' });

  const ids = [await order(), await order()];
  for (const id of ids) await home(id);
  // S3 knows nothing of it: no worker has sent it
  const queued = await order({ runAt: Date.now() + 3_600_000 });
  await run(backUp);

  ids.push(await order(), await order());
  for (const id of ids) await home(id);
  await fleet.setFaults({ executionMs: [3000, 3000] });
  const underWay = await order();
  ids.push(underWay);
  await eventually(async () => expect((await producer.get(underWay)).images[0]).toMatchObject({ submissionStatus: 'accepted' }));

  await redis.kill();
  await rm(join(directory, 'redis/appendonlydir'), { recursive: true });
  await run(putBack);
  await redis.start();
  await eventually(async () => expect(await run(look)).not.toContain('WAITS'), { withinMs: 60_000, everyMs: 500 });
  for (const id of ids) await home(id);
  expect((await producer.get(queued)).status).toBe('queued');

  const later = await order();
  ids.push(later);
  await home(later);
  const billed = await readBilledTasks(fleet.billFile);
  expect([...billed.values()].filter(({ executions }) => executions > 1)).toEqual([]);
  expect(countExecutions(billed)).toBe(ids.length);
});
