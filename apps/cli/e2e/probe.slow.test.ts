import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findChangedMeanings, parseTranscript, type Transcript } from '@darkroom/runware-client';
import { expect, onTestFinished, test } from 'vitest';
import { startProvider, type ProviderProcess } from './emulator.ts';
import { spawnCli } from './world.ts';
import { eventually, freePort } from '@darkroom/testing';

const IMAGE_USD = 0.02;

/** Returns a transcript file in a new folder, which the end of the test removes. */
function newFile(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'darkroom-probe-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, 'probe.json');
}

const readTranscript = (file: string): Transcript => parseTranscript(readFileSync(file, 'utf8'), file);

interface Probed {
  code: number | null;
  output: string;
  seconds: number;
  file: string;
}

async function probe(provider: ProviderProcess, ...words: string[]): Promise<Probed> {
  const startedAt = performance.now();
  const file = newFile();
  const cli = spawnCli(['probe', '--max-usd', '0.50', '--out', file, ...words], provider.environment);
  const { code } = await cli.ended;
  return { code, output: cli.output(), seconds: (performance.now() - startedAt) / 1000, file };
}

test('against the likeliest provider a probe ends within a minute, asks for no setting, and spends what it says', async () => {
  const provider = await startProvider();
  const { code, output, seconds, file } = await probe(provider);
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
  expect(output).toContain('No more than 0.5 USD is spent (--max-usd); all 6 steps cost 0.142 USD at worst.');
  const spent = Number(/Spent: ([\d.]+) USD/.exec(output)?.[1]);
  expect(spent).toBeGreaterThanOrEqual((await provider.executions()) * IMAGE_USD);
  expect(spent).toBeLessThanOrEqual(0.5);
  expect(output).not.toContain('real-enough');

  const transcript = readTranscript(file);
  expect(output).toContain(file);
  expect(transcript).toMatchObject({ isWhole: true, provider: new URL(provider.url).host });
  expect(findChangedMeanings(transcript)).toEqual([]);
  expect(transcript.exchanges.filter(({ answer }) => answer.kind !== 'answered')).toEqual([]);
  expect(readFileSync(file, 'utf8')).not.toMatch(/real-enough|grey card|base64/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(path.dirname(file))).toEqual(['probe.json']);
});

test('a killed probe leaves its exchanges so far, with the request that was under way', async () => {
  const provider = await startProvider({ executionMs: [60_000, 60_000] });
  const file = newFile();
  const cli = spawnCli(['probe', '--max-usd', '0.50', '--out', file], provider.environment);
  await cli.printed('one image: resend while it runs');
  await eventually(() =>
    expect(readTranscript(file).exchanges.filter(({ questions }) => questions.includes(10)).length).toBeGreaterThan(3),
  );
  cli.signal('SIGKILL');
  await cli.ended;
  const transcript = readTranscript(file);
  expect(transcript.isWhole).toBe(false);
  expect(JSON.stringify(transcript.exchanges.map(({ meaning }) => meaning))).toContain('accepted');
});

test('a probe that is interrupted in a purchase says so, books it, and ends with 130', async () => {
  const provider = await startProvider({ submitSlowRate: 1, submitSlowMs: 60_000 });
  const file = newFile();
  const cli = spawnCli(['probe', '--max-usd', '0.50', '--out', file], provider.environment);
  await eventually(async () => expect(await provider.submissions()).toBeGreaterThan(0), { withinMs: 30_000 });
  cli.signal('SIGINT');
  expect(await cli.ended).toEqual({ code: 130, signal: null });
  expect(cli.output()).toContain('  interrupted\n');
  expect(cli.output()).toMatch(/Spent: 0\.02 USD at most[^]*\ninterrupted; a task that was under way may still end at the provider/);
  expect(readTranscript(file).isWhole).toBe(false);
});

test('the file holds a purchase that was not answered before the probe ended', async () => {
  const provider = await startProvider({ submitSlowRate: 1, submitSlowMs: 60_000 });
  const file = newFile();
  const cli = spawnCli(['probe', '--max-usd', '0.50', '--out', file], provider.environment);
  await eventually(async () => expect(await provider.submissions()).toBeGreaterThan(0), { withinMs: 30_000 });
  cli.signal('SIGKILL');
  await cli.ended;
  expect(readTranscript(file).exchanges.at(-1)).toMatchObject({
    request: { body: { value: [{ taskType: 'imageInference' }] } },
    answer: { kind: 'interrupted', code: 'NOT_ANSWERED' },
    meaning: { tasks: [{ verdict: { kind: 'unknown' } }] },
  });
});

test('an existing file, or a missing folder, ends the probe before its first request', async () => {
  const provider = await startProvider();
  const file = newFile();
  writeFileSync(file, 'bought before');
  for (const [out, words] of [
    [file, 'it exists already'],
    [path.join(path.dirname(file), 'nowhere', 'probe.json'), 'ENOENT'],
  ] as const) {
    const cli = spawnCli(['probe', '--max-usd', '0.50', '--out', out], provider.environment);
    expect((await cli.ended).code).toBe(2);
    expect(cli.output()).toContain('--out: must be a new file that can be written');
    expect(cli.output()).toContain(words);
  }
  expect(readFileSync(file, 'utf8')).toBe('bought before');
  expect(await provider.submissions()).toBe(0);
  expect(existsSync(`${file}.partial`)).toBe(false);
});

test('a probe detects a provider that forgets ids, keeps refused ones, limits reference images and keeps the last response', async () => {
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

test.each(['errors', 'data-nested', 'data-flat'])('a probe names the form of a failure: %s', async (pollErrorShape) => {
  const provider = await startProvider({ failProviderErrorRate: 1, pollErrorShape });
  const { output } = await probe(provider);
  expect(output).toContain(`a task failed, reported as ${pollErrorShape}, code providerError`);
});

test('a step that could cross the limit is left out', async () => {
  const provider = await startProvider();
  const cli = spawnCli(['probe', '--max-usd', '0.05', '--out', newFile()], provider.environment);
  expect((await cli.ended).code).toBe(1);
  expect(cli.output()).toContain('left out: only 0.03 USD are left of --max-usd');
  expect((await provider.executions()) * IMAGE_USD).toBeLessThanOrEqual(0.05);
});

test('with --wait a probe says what the provider forgot', async () => {
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

test('with --catcher a probe describes webhooks and uploads', async () => {
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
  expect(output).toContain('a webhook answered with 500 was sent 4 times');
  expect(output).toMatch(/upload: PUT, \d{4,} bytes, image\/jpeg, with its length, \d+ ms after the result/);
  expect(output).toMatch(/TIMING_UPLOAD_WINDOW_MS=\d+/);
});

test('a probe concludes nothing from sends that fail at the provider', async () => {
  const provider = await startProvider({ submit500Rate: 1 });
  const { output } = await probe(provider);
  expect(output).toContain('no refusal to look at: HTTP 500');
  expect(output).toContain('it was not answered: HTTP 500');
  expect(output).not.toMatch(/used? up the id|USED UP|refused before it began/);
});

test('a probe with a wrong key says so, asks nothing else, and buys nothing', async () => {
  const provider = await startProvider();
  const cli = spawnCli(['probe', '--max-usd', '0.50', '--out', newFile()], { ...provider.environment, RUNWARE_API_KEY: 'wrong' });
  expect(await cli.ended).toEqual({ code: 1, signal: null });
  expect(cli.output()).toContain('the key is refused: HTTP 401 invalidApiKey');
  expect(cli.output(), 'nothing follows from a refusal of the key').not.toContain('did not use up the id');
  expect(cli.output()).toContain('Spent: 0 USD');
  expect(await provider.executions()).toBe(0);
});
