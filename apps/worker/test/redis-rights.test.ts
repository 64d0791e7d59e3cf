import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { redisRights, type RedisProcess } from '@darkroom/generation-store';
import { expect, test } from 'vitest';

const lua = path.join(path.dirname(createRequire(import.meta.url).resolve('bullmq')), 'commands');
const ours = path.join(import.meta.dirname, '../../../packages/generation-store/src');

/** Returns the commands that a script sends by `redis.call` and the like, in lower case. */
const commandsIn = (text: string): string[] =>
  [...text.matchAll(/\b(?:r|redis\.p?)call\(\s*["'](\w+)["']/g)].map(([, name = '']) => name.toLowerCase());

/** Reads a script of BullMQ with its includes. */
function readScript(file: string, seen = new Set<string>()): string {
  if (seen.has(file)) return '';
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  const included = [...text.matchAll(/--- @include "(.+?)"/g)].map(([, name = '']) =>
    path.join(path.dirname(file), name.replace(/(\.lua)?$/, '.lua')),
  );
  return [text, ...included.map((each) => readScript(each, seen))].join('\n');
}

const scriptNames = readdirSync(lua).filter((name) => name.endsWith('.lua') && !name.startsWith('relay'));
const commandsOf = (names: readonly string[]): string[] =>
  [
    ...new Set(
      names.flatMap((name) => commandsIn(readScript(path.join(lua, scriptNames.find((each) => each.startsWith(`${name}-`)) ?? name)))),
    ),
  ].toSorted();

const grantedOn = (process: RedisProcess, key: string): string[] =>
  redisRights[process].grants.filter(({ keys }) => keys.includes(key)).flatMap(({ commands }) => commands);

const add = ['addStandardJob', 'addPrioritizedJob', 'addDelayedJob'];
const move = ['changePriority', 'promote', 'getState', 'getStateV2', 'updateData', 'reprocessJob'];
const show =
  'getCounts getRanges getState getStateV2 getRateLimitTtl getMetrics getDependencyCounts getJobScheduler isMaxed isFinished paginate pause promote moveJobsToWait reprocessJob'.split(
    ' ',
  );

test.each([
  ['producer', 'submissions:*', add],
  ['receiver', 'settlements:*', [...add, ...move]],
  ['dashboard', 'maintenance:*', show],
  ['worker', '*', scriptNames.map((name) => name.replace(/-\d+\.lua$/, ''))],
  ['operator', '*', scriptNames.map((name) => name.replace(/-\d+\.lua$/, ''))],
] as const)('a %s may run on %s each command of the BullMQ scripts that it uses, with their rare branches', (process, key, names) => {
  const commands = commandsOf(names);
  expect(commands.length).toBeGreaterThan(10);
  expect(grantedOn(process, key)).toEqual(expect.arrayContaining(commands));
});

test('workers and operators may run each command of our scripts', () => {
  const files = readdirSync(ours, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  );
  const commands = [...new Set(files.flatMap((name) => commandsIn(readFileSync(path.join(ours, name), 'utf8'))))].filter(
    (name) => !['info', 'time', 'publish'].includes(name),
  );
  expect(commands).toContain('hset');
  for (const process of ['worker', 'operator'] as const) expect(grantedOn(process, '*')).toEqual(expect.arrayContaining(commands));
});
