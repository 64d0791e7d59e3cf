import { once } from 'node:events';
import { eventually, reserveRedis, startSwitchingProxy, type OwnRedis, type SwitchingProxy } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { connectFailFast, connectPatient } from '../src/index.ts';

interface Pair extends AsyncDisposable {
  readonly proxy: SwitchingProxy;
  readonly old: OwnRedis;
  readonly next: OwnRedis;
  /** Makes the first server a replica of the second one; new connections lead to the second. */
  failOver(): Promise<void>;
}

async function startPair(): Promise<Pair> {
  const [old, next] = [await reserveRedis(), await reserveRedis()];
  await Promise.all([old.start(), next.start()]);
  const proxy = await startSwitchingProxy(old.url);
  return {
    proxy,
    old,
    next,
    async failOver() {
      const admin = new Redis(old.url);
      const primary = new Redis(next.url);
      await primary.config('SET', 'repl-diskless-sync-delay', '0'); // 5 s unless told
      primary.disconnect();
      await admin.replicaof('127.0.0.1', Number(new URL(next.url).port));
      await eventually(async () => expect(await admin.info('replication')).toContain('master_link_status:up'), { withinMs: 10_000 });
      admin.disconnect();
      proxy.moveTo(next.url);
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await old[Symbol.asyncDispose]();
      await next[Symbol.asyncDispose]();
    },
  };
}

const readFrom = async (url: string, key: string): Promise<string | null> => {
  const redis = new Redis(url);
  const value = await redis.get(key);
  redis.disconnect();
  return value;
};

test('a demoted node that leaves its connections open is left within a second, and no command of a worker fails by it', async () => {
  await using pair = await startPair();
  const patient = connectPatient(pair.proxy.url);
  const failFast = connectFailFast(pair.proxy.url);
  try {
    await Promise.all([patient.set('a', '1'), once(failFast, 'ready')]);
    await pair.failOver();
    const startedAt = performance.now();
    await patient.set('patient', 'arrived');
    // A write inside a script, whose refusal stands inside another text.
    await patient.eval("return redis.call('SET', KEYS[1], 'arrived')", 1, 'script');
    await expect(failFast.set('fail-fast', 'arrived'), 'its caller hears the words of Redis').rejects.toThrow('READONLY');
    await eventually(() => failFast.set('fail-fast', 'arrived'));
    expect(performance.now() - startedAt).toBeLessThan(4000);
    for (const key of ['patient', 'script', 'fail-fast']) expect(await readFrom(pair.next.url, key)).toBe('arrived');
  } finally {
    patient.disconnect();
    failFast.disconnect();
  }
});

test('a hundred commands that a demoted node refuses at once cause no warning of Node', async () => {
  await using pair = await startPair();
  const patient = connectPatient(pair.proxy.url);
  const warnings: Error[] = [];
  const warn = (warning: Error): void => void warnings.push(warning);
  process.on('warning', warn);
  try {
    await patient.set('a', '1');
    await pair.failOver();
    await Promise.all(Array.from({ length: 100 }, (_, at) => patient.set(`key ${at}`, 'arrived')));
    expect(await readFrom(pair.next.url, 'key 99')).toBe('arrived');
    expect(warnings.map(({ message }) => message)).toEqual([]);
  } finally {
    process.off('warning', warn);
    patient.disconnect();
  }
});

test('an address that leads to a replica for good is not stormed', async () => {
  await using pair = await startPair();
  await pair.failOver();
  pair.proxy.moveTo(pair.old.url);
  const patient = connectPatient(pair.proxy.url);
  try {
    void patient.set('a', '1').catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 3000)); // what is counted is a rate
    expect(pair.proxy.connections()).toBeLessThan(12);
  } finally {
    patient.disconnect();
  }
});

test('a connection that swallows bytes is replaced: within 3 s for a caller that fails fast, within 14 s for a worker', async () => {
  await using redis = await reserveRedis();
  await redis.start();
  await using proxy = await startSwitchingProxy(redis.url);
  const patient = connectPatient(proxy.url);
  const failFast = connectFailFast(proxy.url);
  try {
    await Promise.all([patient.ping(), once(failFast, 'ready')]);
    proxy.silence();
    const startedAt = performance.now();
    const written = patient.set('patient', '1');
    await eventually(() => failFast.set('fail-fast', '1'));
    expect(performance.now() - startedAt).toBeLessThan(3500);
    await written;
    expect(performance.now() - startedAt).toBeLessThan(14_000);
  } finally {
    patient.disconnect();
    failFast.disconnect();
  }
}, 25_000);
