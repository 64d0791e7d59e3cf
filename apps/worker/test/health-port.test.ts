import { eventually, trickleUntilHungUp } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { createWorkerApp } from '../src/app.ts';
import { loadWorkerConfig } from '../src/config.ts';

test('the health port hangs up on a client that sends its request byte by byte', async () => {
  const away = 'http://127.0.0.1:1';
  const env = {
    LOG_LEVEL: 'silent',
    REDIS_URL: 'redis://127.0.0.1:1',
    S3_BUCKET: 'darkroom',
    S3_ENDPOINT: away,
    RUNWARE_API_KEY: 'rw-key',
    RUNWARE_URL: away,
    PORT: '0',
  };
  const worker = createWorkerApp(loadWorkerConfig(env), { requestLimitMs: 300 });
  const started = worker.start();
  try {
    const url = await eventually(() => {
      const health = worker.healthUrl();
      if (health === undefined) throw new Error('the health port does not listen yet');
      return health;
    });
    expect(await trickleUntilHungUp(url)).toBeLessThan(2500);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  } finally {
    await worker.stop();
    await started;
  }
});
