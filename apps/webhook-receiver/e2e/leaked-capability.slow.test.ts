import { createProducer } from '@darkroom/producer';
import { eventually, startFleet } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { startThief } from './thief.ts';

const COPIES = 8;

test('copies of a false body under a leaked capability do not cause question after question', { timeout: 120_000 }, async () => {
  const thief = await startThief();
  const fleet = await startFleet({
    faults: { executionMs: [50, 100], failProviderErrorRate: 1 },
    webhookBaseUrl: thief.url,
    workerEnv: { TIMING_FIRST_POLL_MS: '2000', TIMING_MAX_POLL_MS: '60000', TIMING_UPLOAD_WINDOW_MS: '1000' },
  });
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  const polls = async () => ((await (await fetch(`${fleet.emulatorUrl}/_emulator/stats`)).json()) as { polls: number }).polls; // the form of the emulator's statistics
  try {
    const { generationId } = await producer.enqueue({ positivePrompt: 'x', width: 1024, height: 1024 });
    await eventually(async () => expect((await producer.get(generationId))?.status).toBe('failed'), { withinMs: 60_000 });
    const [{ path } = { path: '' }] = thief.stolen;
    const body = JSON.stringify({ errors: [{ code: 'x' }] });
    const before = await polls();
    for (let at = 0; at < COPIES; at += 1) {
      expect((await fetch(fleet.receiverUrl + path, { method: 'POST', body })).status).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 1050)); // a receiver wakes for copies once a second
    }
    // the first copy, the end of its upload window, and that of the second submission
    const asked = (await polls()) - before;
    expect(asked).toBeGreaterThanOrEqual(1);
    expect(asked).toBeLessThanOrEqual(4);
  } finally {
    await producer.close();
    await fleet.stop();
    await thief.stop();
  }
});
