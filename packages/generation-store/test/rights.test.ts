import { reserveRedis, uniquePrefix } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aclRulesOf, connectFailFast, findMissingRights, redisProcesses, redisRights, type RedisRights } from '../src/index.ts';

const own = await reserveRedis();
let admin: Redis;

beforeAll(async () => {
  await own.start();
  admin = new Redis(own.url);
});
afterAll(async () => {
  admin.disconnect();
  await own[Symbol.asyncDispose]();
});

const setUser = (rules: readonly string[]): Promise<unknown> => admin.call('ACL', 'SETUSER', 'one', 'reset', 'on', '>secret', ...rules);

function setup() {
  const prefix = uniquePrefix();
  const redis = connectFailFast(own.url.replace('redis://', 'redis://one:secret@'));
  return { prefix, redis, [Symbol.dispose]: () => redis.disconnect() };
}

/** The same rights without one of them, for each. */
function* withoutOne(rights: RedisRights): Generator<{ left: RedisRights; command: string; key?: string }> {
  for (const command of rights.commands)
    yield { left: { ...rights, commands: rights.commands.filter((each) => each !== command) }, command };
  for (const grant of rights.grants)
    for (const key of grant.keys)
      for (const command of grant.commands) {
        const rest = rights.grants.filter((each) => each !== grant);
        const otherKeys = { ...grant, keys: grant.keys.filter((each) => each !== key) };
        const otherCommands = { keys: [key], commands: grant.commands.filter((each) => each !== command) };
        const grants = [...rest, otherKeys, otherCommands].filter(({ keys, commands }) => keys.length > 0 && commands.length > 0);
        yield { left: { ...rights, grants }, command, key };
      }
}

describe.each(redisProcesses)('%s', (process) => {
  test('lacks nothing with its own rights, and asking leaves nothing behind', async () => {
    using world = setup();
    await setUser(aclRulesOf(redisRights[process], world.prefix));
    expect(await findMissingRights(world.redis, process, world.prefix)).toEqual([]);
    expect(await admin.keys(`${world.prefix}*`)).toEqual([]);
  });

  test('lacks nothing with the rights of an operator', async () => {
    using world = setup();
    await setUser(aclRulesOf(redisRights.operator, world.prefix));
    expect(await findMissingRights(world.redis, process, world.prefix)).toEqual([]);
  });

  test('is told each right that it lacks, and that one alone', async () => {
    using world = setup();
    const { prefix } = world;
    for (const { left, command, key } of withoutOne(redisRights[process])) {
      await setUser(aclRulesOf(left, prefix));
      const missing = (await findMissingRights(world.redis, process, prefix)) ?? [];
      expect(
        missing.flatMap(({ commands }) => commands),
        `${command} ${key}`,
      ).toEqual([command]);
      if (key !== undefined) expect(missing[0]?.pattern).toContain(`:${key}`);
    }
    // Whatever of MULTI, EXEC and DISCARD is refused: no command of the look has run.
    expect(await admin.keys('*')).toEqual([]);
  });

  test('is told all at once what a user without rights lacks', async () => {
    using world = setup();
    const { prefix } = world;
    await setUser(['resetchannels', '+multi', '+exec', '+discard', '+ping', '+info']);
    const missing = (await findMissingRights(world.redis, process, prefix)) ?? [];
    const expected = redisRights[process].grants.flatMap(({ commands, keys }) =>
      keys.flatMap((key) => commands.map((each) => `${each} ${prefix}:${key}`)),
    );
    const told = missing.flatMap(({ commands, pattern }) => commands.map((each) => `${each} ${pattern}`));
    expect(told).toEqual(expect.arrayContaining(expected));
  });
});
