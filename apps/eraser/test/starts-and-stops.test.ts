import { expect, test } from 'vitest';
import { setup } from './world.ts';

test('a stop before the start, a second stop and a start after it do nothing', async () => {
  const { eraser } = await (await setup()).startEraser();
  await eraser.stop();
  await eraser.stop();
  await eraser.start();
});

test('without Redis the eraser starts, is live and not ready, and stops', async () => {
  const { eraser, ask, lines } = await (await setup()).startEraser({ redisUrl: 'redis://user:hunter22@127.0.0.1:1' });
  expect((await ask('/livez')).status).toBe(200);
  expect((await ask('/readyz')).status).toBe(503);
  const stoppingAt = performance.now();
  await eraser.stop();
  expect(performance.now() - stoppingAt).toBeLessThan(5000);
  expect(lines.join()).not.toContain('hunter22');
});
