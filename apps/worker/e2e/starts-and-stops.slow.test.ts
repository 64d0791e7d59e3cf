import { createProducer } from '@darkroom/producer';
import { freePort, reserveRedis, startTestS3 } from '@darkroom/testing';
import { expect, onTestFinished, test } from 'vitest';
import { environmentOf, s3At, startProcess, startSilentServer, type AppName } from './life/app-process.ts';

const apps: readonly AppName[] = ['worker', 'webhook-receiver', 'dashboard', 'eraser', 'api'];

/** Addresses of a Redis or an S3 that cannot be used. */
const places = {
  away: async () => `127.0.0.1:${await freePort()}`,
  silent: async () => `127.0.0.1:${(await startSilentServer()).port}`,
  loading: async () => `127.0.0.1:${(await startSilentServer('-LOADING Redis is loading the dataset in memory\r\n')).port}`,
};

async function startStores(delayMs = () => 0) {
  const redis = await reserveRedis();
  await redis.start();
  const s3 = await startTestS3({ delayMs });
  onTestFinished(async () => {
    await redis[Symbol.asyncDispose]();
    await s3.stop();
  });
  return { redis, s3, environment: s3At(s3.endpoint, s3.credentials, s3.bucket) };
}

test.for([...apps.flatMap((app) => (['away', 'silent'] as const).map((place) => [app, place] as const)), ['worker', 'loading'] as const])(
  'a %s whose stores are %s is alive, says why it is not ready, and stops at once with exit code 0',
  async ([app, place]) => {
    const redisAt = await places[place]();
    const running = await startProcess(
      app,
      environmentOf(app, `redis://user:hunter22@${redisAt}`, s3At(`http://${await places[place]()}`)),
    );
    await running.untilAlive();
    const { ready, checks } = await running.readiness();
    expect(ready).toBe(false);
    expect(checks['redis']).not.toBe('ok');
    await running.untilLine({ event: 'redis.lost', redis: expect.stringContaining(redisAt) });
    if (app === 'worker' || app === 'eraser') await running.untilLine({ event: 's3.lost', reason: expect.any(String) });
    expect((await running.get('/livez')).status).toBe(200);
    const { code, seconds } = await running.end('SIGTERM');
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(6);
    expect(JSON.stringify([running.lines(), checks])).not.toContain('hunter22');
  },
);

test('a signal in the first moments of a start ends the process with exit code 0', async () => {
  const running = await startProcess('worker', environmentOf('worker', `redis://${await places.away()}`, s3At('http://127.0.0.1:1')));
  await running.untilAlive();
  const { code, seconds } = await running.end('SIGTERM');
  expect(code).toBe(0);
  expect(seconds).toBeLessThan(6);
  expect(running.lines().at(-1)).toMatchObject({ msg: 'stopped' });
});

test.for(['SIGSTOP', 'SIGKILL'] as const)('an idle worker whose Redis gets %s stops within seconds, with exit code 0', async (signal) => {
  const { redis, environment } = await startStores();
  const running = await startProcess('worker', environmentOf('worker', redis.url, environment));
  await running.untilReady();
  const pid = redis.pid ?? 0;
  process.kill(pid, signal);
  try {
    await running.untilLine({ event: 'redis.lost' });
    expect((await running.readiness()).ready).toBe(false);
    const { code, seconds } = await running.end('SIGTERM');
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(7);
    running.lines();
  } finally {
    if (signal === 'SIGSTOP') process.kill(pid, 'SIGCONT');
  }
});

test('a worker waits for stores that come late, and logs once that they are there', async () => {
  const redis = await reserveRedis();
  onTestFinished(() => redis[Symbol.asyncDispose]());
  const s3 = await startTestS3();
  onTestFinished(() => s3.stop());
  const running = await startProcess('worker', environmentOf('worker', redis.url, s3At(s3.endpoint, s3.credentials, s3.bucket)));
  await running.untilAlive();
  await running.untilLine({ event: 'redis.lost' });
  await redis.start();
  await running.untilReady();
  await running.untilLine({ event: 'redis.regained' });
  expect(await running.end('SIGTERM')).toMatchObject({ code: 0 });
});

test.for(['ignored', 'not-implemented'] as const)(
  'a worker refuses, in one line, a bucket on which conditional writes are %s',
  async (conditionalWrites) => {
    const redis = await reserveRedis();
    await redis.start();
    const s3 = await startTestS3({ lacks: { conditionalWrites } });
    onTestFinished(async () => {
      await redis[Symbol.asyncDispose]();
      await s3.stop();
    });
    const running = await startProcess('worker', environmentOf('worker', redis.url, s3At(s3.endpoint, s3.credentials, s3.bucket)));
    expect(await running.end()).toMatchObject({ code: 1 });
    const told = running.lines().filter(({ level }) => level === 'error');
    expect(told).toEqual([expect.objectContaining({ msg: 'cannot start', err: expect.objectContaining({ code: 'storage.unsuitable' }) })]);
  },
);

test('a worker whose key may not write to records/ is not ready, and says so', async () => {
  const redis = await reserveRedis();
  await redis.start();
  const s3 = await startTestS3({ lacks: { writesTo: ['records/'] } });
  onTestFinished(async () => {
    await redis[Symbol.asyncDispose]();
    await s3.stop();
  });
  const running = await startProcess('worker', environmentOf('worker', redis.url, s3At(s3.endpoint, s3.credentials, s3.bucket)));
  await running.untilLine({ event: 's3.lost', reason: expect.stringContaining('records/write-check') });
  expect((await running.readiness()).checks['s3']).toContain('403');
  expect(await running.end('SIGTERM')).toMatchObject({ code: 0 });
});

test('a worker whose S3 hangs after a restart of Redis says that buying waits, and stops within seconds, with exit code 0', async () => {
  let isSlow = false;
  const { redis, environment } = await startStores(() => (isSlow ? 60_000 : 0));
  const running = await startProcess('worker', environmentOf('worker', redis.url, environment));
  await running.untilReady();
  isSlow = true;
  await redis.stop();
  await redis.start();
  await running.untilLine({ event: 'buying.waits' });
  expect((await running.readiness()).checks['store']).toContain('not compared');
  const { code, seconds } = await running.end('SIGTERM');
  expect(code).toBe(0);
  expect(seconds).toBeLessThan(6);
});

test('a second signal gives back a send without an answer at once, and the exit code says so', async () => {
  const { redis, environment } = await startStores();
  const port = await freePort();
  const running = await startProcess('worker', {
    ...environmentOf('worker', redis.url, environment),
    RUNWARE_URL: `http://127.0.0.1:${port}/v1`,
  });
  await running.untilReady();
  await startSilentServer(undefined, port);
  const producer = createProducer({ redisUrl: redis.url });
  try {
    await producer.enqueue({ positivePrompt: 'a lighthouse', width: 1280, height: 896 });
    await running.untilLine({ event: 'submission.sending' });
    running.signal('SIGTERM');
    await running.untilLine({ msg: 'stopping' });
    const { code, seconds } = await running.end('SIGINT');
    expect(code).toBe(1);
    expect(seconds).toBeLessThan(4);
    running.lines();
  } finally {
    await producer.close();
  }
});

test.for(['webhook-receiver', 'dashboard'] as const)('a stopping %s does not wait for clients that keep a connection open', async (app) => {
  const { redis } = await startStores();
  const running = await startProcess(app, environmentOf(app, redis.url, {}));
  await running.untilReady();
  const lines = await Promise.all(
    [
      'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /livez HTTP/1.1\r\nHost: a\r\n',
      'POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx',
      '',
    ].map((words) => running.dial(words)),
  );
  const { code, seconds } = await running.end('SIGTERM');
  expect({ code, lines: lines.length }).toEqual({ code: 0, lines: 4 });
  expect(seconds).toBeLessThan(5);
});
