import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { eventually, freePort, reserveRedis, startSwitchingProxy, uniquePrefix } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, inject, test } from 'vitest';
import { connectFailFast, connectPatient, watchRedis } from '../src/index.ts';

interface Line {
  level: 'info' | 'error';
  event?: string;
  reason?: string;
  redis?: string;
  words?: string;
  cure?: string;
}

function watched(url: string, connect = connectPatient) {
  const lines: Line[] = [];
  const redis = connect(url);
  const note =
    (level: Line['level']) =>
    (fields: Readonly<Record<string, unknown>>): void =>
      void lines.push({ level, ...fields });
  const watch = watchRedis(redis, { url, prefix: uniquePrefix(), process: 'worker', log: { info: note('info'), error: note('error') } });
  return {
    redis,
    watch,
    lines,
    [Symbol.dispose]: (): void => {
      watch.close();
      redis.disconnect();
    },
  };
}

const lostLines = (lines: readonly Line[]): Line[] => lines.filter(({ event }) => event === 'redis.lost');

const addresses: readonly (readonly [string, () => Promise<string>])[] = [
  ['refused', async () => `redis://user:secret@127.0.0.1:${await freePort()}/1`],
  ['unknown-host', async () => 'redis://user:secret@redis.invalid:6379'],
  ['unauthenticated', async () => inject('redisUrl').replace('redis://', 'redis://default:secret@').replace(/\/?$/, '')],
  ['wrong-database', async () => `${inject('redisUrl').replace(/\/$/, '')}/9999`],
];

// Side by side: each waits for time-outs of its own servers, and computes nothing.
test.concurrent.each(addresses)(
  'an address that is wrong is told within seconds, once, and without its password: %s',
  async (reason, urlOf) => {
    // The default user of the shared Redis has no password: one of its own has.
    const admin = new Redis(inject('redisUrl'));
    let url: string = await urlOf();
    if (reason === 'unauthenticated') {
      const user = `watch${process.pid}`;
      await admin.call('ACL', 'SETUSER', user, 'on', '>right', '~*', '&*', '+@all');
      url = inject('redisUrl').replace('redis://', `redis://${user}:secret@`);
    }
    admin.disconnect();
    using world = watched(url);
    await eventually(() => expect(lostLines(world.lines)).toHaveLength(1), { withinMs: 6000 });
    expect(world.redis.status, 'nothing is done in another database').not.toBe('ready');
    const [line] = lostLines(world.lines);
    expect(line).toMatchObject({ level: 'error', reason });
    expect(line?.redis).toContain(new URL(url).host);
    expect(JSON.stringify(world.lines)).not.toContain('secret');
    await expect(world.watch.check()).rejects.toThrow(reason);
    expect(world.watch.state()).toMatchObject({ kind: 'lost', trouble: { reason } });
  },
);

test.concurrent('a server that is no Redis, and a TLS address of a plain port, are told', async () => {
  const http = createServer((_request, response) => response.end('hello'));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  using other = watched(`redis://127.0.0.1:${(http.address() as AddressInfo).port}`);
  using tls = watched(inject('redisUrl').replace('redis://', 'rediss://'));
  await eventually(() => expect(lostLines(other.lines)[0]?.reason).toBe('not-redis'), { withinMs: 6000 });
  await eventually(() => expect(['tls', 'timeout', 'closed']).toContain(lostLines(tls.lines)[0]?.reason), { withinMs: 6000 });
  http.close();
});

test.concurrent('a Redis that takes no write is not ready, whatever else it answers, and is ready when it takes them again', async () => {
  await using own = await reserveRedis();
  await own.start();
  const admin = new Redis(own.url);
  using world = watched(own.url, connectFailFast);
  await eventually(() => world.watch.check());
  expect(world.lines).toEqual([]);
  await admin.config('SET', 'maxmemory', '1');
  await eventually(() => expect(world.watch.check()).rejects.toThrow('OOM'));
  expect(await world.redis.ping()).toBe('PONG');
  await eventually(() => expect(lostLines(world.lines)).toMatchObject([{ reason: 'full' }]));
  await admin.config('SET', 'maxmemory', '0');
  await eventually(() => world.watch.check());
  expect(world.lines.map(({ event }) => event)).toEqual(['redis.lost', 'redis.regained']);
  admin.disconnect();
});

test.concurrent('a connection to a primary that lost its address, and lives on as one, is replaced within seconds', async () => {
  await using old = await reserveRedis();
  await using next = await reserveRedis();
  await Promise.all([old.start(), next.start()]);
  await using proxy = await startSwitchingProxy(old.url);
  using world = watched(proxy.url);
  await eventually(() => world.watch.check());
  proxy.moveTo(next.url);
  await eventually(
    async () => {
      await world.redis.set('here', '1');
      const there = new Redis(next.url);
      const value = await there.get('here').finally(() => there.disconnect());
      expect(value).toBe('1');
    },
    { withinMs: 10_000, everyMs: 200 },
  );
  expect(lostLines(world.lines).length).toBeLessThan(2);
}, 20_000);

test.concurrent('a frozen server is told as silent or late, and nothing else is written until it is back', async () => {
  await using own = await reserveRedis();
  await own.start();
  using world = watched(own.url, connectFailFast);
  await eventually(() => world.watch.check());
  process.kill(own.pid!, 'SIGSTOP');
  try {
    await eventually(() => expect(lostLines(world.lines)).toHaveLength(1), { withinMs: 6000 });
    expect(['silent', 'timeout']).toContain(lostLines(world.lines)[0]?.reason);
  } finally {
    process.kill(own.pid!, 'SIGCONT');
  }
  await eventually(() => world.watch.check(), { withinMs: 6000 });
  await eventually(() => expect(world.lines.at(-1)?.event).toBe('redis.regained'));
}, 20_000);

test.concurrent('a user without channels, which Redis 7 makes of "~* +@all", is not ready, and the line names the right', async () => {
  await using own = await reserveRedis();
  await own.start();
  const admin = new Redis(own.url);
  await admin.call('ACL', 'SETUSER', 'worker', 'on', '>secret', '~*', 'resetchannels', '+@all');
  using world = watched(own.url.replace('redis://', 'redis://worker:secret@'));
  await eventually(() =>
    expect(lostLines(world.lines)).toMatchObject([{ reason: 'no-permission', words: expect.stringContaining('channel') }]),
  );
  await expect(world.watch.check()).rejects.toThrow('channel');
  await admin.call('ACL', 'SETUSER', 'worker', '&*');
  await eventually(() => world.watch.check());
  admin.disconnect();
});

test.concurrent('a user that lacks rights is told them all at once, and the words of the cure give it what it lacks', async () => {
  await using own = await reserveRedis();
  await own.start();
  const admin = new Redis(own.url);
  await admin.call('ACL', 'SETUSER', 'worker', 'on', '>secret', '~{other}*', 'resetchannels', '+@all', '-bzpopmin', '-info', '-scan');
  using world = watched(own.url.replace('redis://', 'redis://worker:secret@'));
  await eventually(() => expect(lostLines(world.lines)).toHaveLength(1));
  const { words = '', cure = '' } = lostLines(world.lines)[0] ?? {};
  for (const right of ['info', 'scan', 'publish on channels', 'bzpopmin', 'hset', 'evalsha']) expect(words).toContain(right);
  expect(words).not.toContain('ping');
  const [, command = ''] = cure.split('it lacks: ');
  expect(command).toMatch(/^ACL SETUSER worker \+/);
  await admin.call(...(command.split(' ') as [string, ...string[]]));
  await eventually(() => world.watch.check(), { withinMs: 8000 });
  expect(lostLines(world.lines)).toHaveLength(1);
  admin.disconnect();
}, 20_000);

test.concurrent('a Redis without room for its clients is told in its words, to a connection that it closed and to a new one', async () => {
  await using own = await reserveRedis();
  await own.start();
  const admin = new Redis(own.url);
  using world = watched(own.url, connectFailFast);
  await eventually(() => world.watch.check());
  await admin.config('SET', 'maxclients', '1');
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  using late = watched(own.url);
  const told = { reason: 'too-many-clients', words: expect.stringContaining('max number of clients') };
  for (const each of [world, late])
    await eventually(() => expect(each.watch.state()).toMatchObject({ kind: 'lost', trouble: told }), { withinMs: 8000 });
  await eventually(() => expect(lostLines(world.lines).at(-1)).toMatchObject(told));
  await admin.config('SET', 'maxclients', '1000');
  await Promise.all([world, late].map(({ watch }) => eventually(() => watch.check(), { withinMs: 8000 })));
  admin.disconnect();
}, 40_000);

test.concurrent('while Redis is lost, the newest reason replaces the one before, also that new connections are closed without a word', async () => {
  const port = await freePort();
  using world = watched(`redis://127.0.0.1:${port}`);
  await eventually(() => expect(world.watch.state()).toMatchObject({ trouble: { reason: 'refused' } }));
  const server = createTcpServer((socket) => socket.destroy()).listen(port, '127.0.0.1');
  await once(server, 'listening');
  await eventually(() => expect(world.watch.state()).toMatchObject({ trouble: { reason: 'closed' } }), { withinMs: 10_000 });
  server.close();
  await eventually(() => expect(world.watch.state()).toMatchObject({ trouble: { reason: 'refused' } }));
}, 30_000);

test.concurrent('rights that are taken while a process runs are noticed at the first command that is refused', async () => {
  await using own = await reserveRedis();
  await own.start();
  const admin = new Redis(own.url);
  await admin.call('ACL', 'SETUSER', 'worker', 'on', '>secret', '~*', '&*', '+@all');
  using world = watched(own.url.replace('redis://', 'redis://worker:secret@'));
  await eventually(() => world.watch.check());
  const blocking = world.redis.duplicate(); // as BullMQ makes one
  await admin.call('ACL', 'SETUSER', 'worker', '-hset', '-zadd');
  await expect(blocking.eval("return redis.call('ZADD', KEYS[1], 1, 'a')", 1, '{other}:a')).rejects.toThrow();
  await eventually(() => expect(world.watch.check()).rejects.toThrow(/lacks rights that the worker needs.* hset/), { withinMs: 5000 });
  expect(world.watch.state()).toMatchObject({ kind: 'lost', trouble: { reason: 'no-permission' } });
  await admin.call('ACL', 'SETUSER', 'worker', '+hset', '+zadd');
  await eventually(() => world.watch.check(), { withinMs: 8000 });
  blocking.disconnect();
  admin.disconnect();
}, 30_000);
