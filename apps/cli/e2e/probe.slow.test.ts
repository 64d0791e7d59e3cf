import { expect, test } from 'vitest';
import { startProvider, type ProviderProcess } from './emulator.ts';
import { spawnCli } from './world.ts';
import { freePort } from '@darkroom/testing';

const IMAGE_USD = 0.02;

async function probe(provider: ProviderProcess, ...words: string[]): Promise<{ code: number | null; output: string; seconds: number }> {
  const startedAt = performance.now();
  const cli = spawnCli(['probe', '--max-usd', '0.50', ...words], provider.environment);
  const { code } = await cli.ended;
  return { code, output: cli.output(), seconds: (performance.now() - startedAt) / 1000 };
}

test('against the likeliest provider it answers in under a minute, asks for no other setting, and spends what it says', async () => {
  const provider = await startProvider();
  const { code, output, seconds } = await probe(provider);
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(seconds).toBeLessThan(60);
  for (const line of [
    'an emulator, no real money',
    'a dry run is priced and leaves no task behind',
    '16 or more are taken',
    'the refusal did not use up the id',
    'sent again while it ran, it was refused: HTTP 400 conflictTaskUUID',
    'sent again after its end, it was refused: HTTP 400 conflictTaskUUID',
    'of two tasks asked for in one request, the one that exists got 1 answers',
    'getTaskDetails kept as the response: result; after the resend: result',
    'imageURL without a ttl was fetched at once',
  ])
    expect(output).toContain(line);
  expect(output).not.toContain('TIMING_RESEND_WINDOW_MS');
  expect(output).toMatch(/at most 0\.06 USD/);
  const spent = Number(/Spent: ([\d.]+) USD/.exec(output)?.[1]);
  expect(spent).toBeGreaterThanOrEqual((await provider.executions()) * IMAGE_USD);
  expect(spent).toBeLessThanOrEqual(0.5);
  expect(output).not.toContain('real-enough');
});

test('a provider that forgets ids, keeps refused ones, limits reference images and keeps the last response is found out', async () => {
  const provider = await startProvider({
    replay: 'conflict-while-running',
    rejectionConsumesId: true,
    maxReferenceImages: 2,
    detailsResponse: 'null',
    imageUrlGoneRate: 1,
  });
  const { code, output } = await probe(provider);
  expect({ code, output }).toMatchObject({ code: 0 });
  for (const line of [
    '2 are taken, more are refused: 3',
    'maxReferenceImages (createProducer)=2',
    'the refusal USED UP the id',
    'sent again while it ran, it was refused',
    'sent again after its end, it was TAKEN, and perhaps run and charged twice',
    'TIMING_RESEND_WINDOW_MS=31000',
    'getTaskDetails kept as the response: null',
    'imageURL without a ttl was gone at once',
  ])
    expect(output).toContain(line);
});

test.each(['errors', 'data-nested', 'data-flat'])('a failure that is told as %s is told so', async (pollErrorShape) => {
  const provider = await startProvider({ failProviderErrorRate: 1, pollErrorShape });
  const { output } = await probe(provider);
  expect(output).toContain(`a task failed, told as ${pollErrorShape}, code providerError`);
});

test('a limit that a step could cross leaves that step out', async () => {
  const provider = await startProvider();
  const cli = spawnCli(['probe', '--max-usd', '0.05'], provider.environment);
  expect((await cli.ended).code).toBe(1);
  expect(cli.output()).toContain('left out: only 0.03 USD are left of --max-usd');
  expect((await provider.executions()) * IMAGE_USD).toBeLessThanOrEqual(0.05);
});

test('later, what was forgotten is said', async () => {
  const provider = await startProvider({
    pollForgetsAfterMs: 1500,
    detailsForgetAfterMs: 1500,
    replay: 'conflict-for-a-while',
    replayForgetAfterMs: 3000,
  });
  const { output } = await probe(provider, '--wait', '5');
  expect(output).toContain('getResponse FORGOT the result after');
  expect(output).toContain('getTaskDetails FORGOT the task after');
  expect(output).toMatch(/sent again \d+ s after its end, it was TAKEN/);
});

test('with a catcher it says what webhooks and uploads look like', async () => {
  const provider = await startProvider({
    webhookBody: 'envelope',
    uploadContentType: 'image/jpeg',
    webhookFirstRetryMs: 50,
    webhookMaxRetryMs: 200,
    webhookAttempts: 4,
  });
  const port = await freePort();
  const { code, output } = await probe(provider, '--catcher', `http://127.0.0.1:${port}`, '--catcher-port', String(port));
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toMatch(/webhook: POST, body data, application\/json/);
  expect(output).toContain('answered 500, it was sent 4 times');
  expect(output).toMatch(/upload: PUT, \d{4,} bytes, image\/jpeg, with its length, \d+ ms after the result/);
  expect(output).toMatch(/TIMING_UPLOAD_WINDOW_MS=\d+/);
});

test('a wrong key is told, and nothing is bought', async () => {
  const provider = await startProvider();
  const cli = spawnCli(['probe', '--max-usd', '0.50'], { ...provider.environment, RUNWARE_API_KEY: 'wrong' });
  await cli.ended;
  expect(cli.output()).toContain('HTTP 401 invalidApiKey');
  expect(cli.output()).toContain('Spent: 0 USD');
  expect(await provider.executions()).toBe(0);
});
