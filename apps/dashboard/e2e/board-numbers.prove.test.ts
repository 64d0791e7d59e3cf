import { expect, onTestFinished, test } from 'vitest';
import { startWorld } from './world.ts';

const MADE = 552;
const FAILED = 3;

test('after 552 images and three failures the board shows these numbers', async () => {
  const world = await startWorld();
  onTestFinished(() => world.stop());
  const order = async (count: number): Promise<void> => {
    const orders = await world.producer.enqueueMany(
      Array.from({ length: count }, () => ({ positivePrompt: 'a lighthouse at dusk', width: 1024, height: 1024 })),
      { tenant: 'acme' },
    );
    for (const { generationId } of orders) await world.producer.wait(generationId, { timeoutMs: 600_000 });
  };
  await order(MADE);
  await world.fleet.setFaults({ failContentPolicyRate: 1 });
  await order(FAILED);
  const { page, shoot, complaints } = await world.open('/queues/queue/generations?status=completed');
  await page.getByText('succeeded: 1 succeeded of acme').first().waitFor();
  const text = await page.locator('body').innerText();
  expect(text).toMatch(/completed\s*552/i);
  expect(text).toMatch(/failed\s*3/i);
  await shoot('board-552-completed');
  await page.goto(`${world.url}/queues/queue/generations?status=failed`, { waitUntil: 'domcontentloaded' });
  await page.getByText('provider.content-refused').first().waitFor();
  await shoot('board-552-failed');
  await page.goto(`${world.url}/queues/`, { waitUntil: 'domcontentloaded' });
  await page.getByText('555 Jobs').waitFor();
  await shoot('board-552-home');
  const overview = await world.open('/');
  await overview.shoot('overview-552');
  expect(await overview.page.locator('main').innerText()).toMatch(/Images home\s+552/);
  expect(complaints).toEqual([]);
});
