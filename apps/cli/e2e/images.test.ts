import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '@darkroom/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../src/app.ts';
import type { Terminal } from '../src/terminal.ts';
import { createWorld, spawnCli } from './world.ts';

// One Darkroom for all tests of this file: each uses tags of its own.
const world = createWorld(afterAll);

beforeAll(async () => {
  const started = world.start();
  await started.printed('Runs on until Ctrl-C');
}, 120_000);

/** Runs a command in this process. @param stop Aborted: Ctrl-C. */
async function run(words: readonly string[], stop = new AbortController().signal, out: string[] = []) {
  const errors: string[] = [];
  const terminalOf = (lines: string[]): Terminal => ({
    isLive: false,
    print: (...printed) => void lines.push(...printed),
    complain: (text) => void errors.push(text),
    draw: () => undefined,
    keepDrawing: () => undefined,
    paint: (_style, text) => text,
  });
  const code = await runCommand({
    words: words[0] === 'quote' ? words : [...words, '--data-dir', world.dir],
    environment: {},
    terminal: terminalOf(out),
    notes: terminalOf(errors),
    signals: { stop, hurry: stop },
  });
  return { code, out, errors: errors.join('\n') };
}

const json = async <Value>(...words: string[]): Promise<Value> => {
  const { out, errors } = await run([...words, '--json']);
  expect(out, errors).toHaveLength(1);
  return JSON.parse(out[0] ?? '') as Value;
};

const bill = (): number => world.readLines('kept/emulator/bill.jsonl').filter((line) => line.includes('"kind":"execution"')).length;

test('generate makes images, saves them, and prints their paths; its key finds the same again', async () => {
  const out = path.join(world.dir, 'pictures');
  const words = ['generate', 'a red door', '--size', '1280x896', '-n', '2', '--out', out, '--tag', 'door', '--idempotency-key', 'order-1'];
  const made = await run(words);
  expect(made, made.errors).toMatchObject({ code: 0 });
  expect(made.out).toHaveLength(2);
  for (const file of made.out) expect(existsSync(file)).toBe(true);
  expect(made.errors).toContain('1 queued, for at most 0.04 USD');
  expect(made.errors).toMatch(/✔ a red door +[\d.]+ s +verified/);

  const again = await run(words);
  expect(again.out).toEqual(made.out);
  expect(again.errors).toContain('0 queued, 1 were there already');

  const shown = await run(['show', '--idempotency-key', 'order-1']);
  expect(shown.out.join('\n')).toMatch(/ {2}succeeded\n[^]*cost +0\.04 USD[^]*tags +door[^]*image 1 +JPG 1280x896, \d+ bytes, 0\.02 USD/);

  const fromImage = await run(['generate', 'the same at night', '--reference', made.out[0] ?? '', '--detach']);
  expect(fromImage, fromImage.errors).toMatchObject({ code: 0, out: [expect.stringMatching(/^[0-9a-f-]{36}$/)] });
  expect(fromImage.errors).toContain('for at most 0.022 USD');
  expect(await run(['watch', fromImage.out[0] ?? ''])).toMatchObject({ code: 0 });
});

test('a file of requests goes on after a kill, and no image is bought twice', async () => {
  const file = path.join(world.dir, 'requests.jsonl');
  const out = path.join(world.dir, 'many');
  const lines = Array.from({ length: 24 }, (_, index) => ({ positivePrompt: `door ${index}`, width: 1024, height: 1024, tags: ['many'] }));
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const before = bill();
  const words = ['generate', '--from', file, '--out', out];
  const killed = spawnCli([...words, '--data-dir', world.dir]);
  await killed.printed('24 queued');
  killed.signal('SIGKILL');
  await killed.ended;
  const { code, errors, out: files } = await run(words);
  expect(code, errors).toBe(0);
  expect(errors).toMatch(/24 were there already, for at most 0\.48 USD\n[^]*24 ended/);
  expect(files).toHaveLength(24);
  expect(readdirSync(out)).toHaveLength(24);
  expect(bill() - before).toBe(24);
});

test('a file with wrong lines names them all, and queues nothing', async () => {
  const file = path.join(world.dir, 'wrong.jsonl');
  writeFileSync(file, '{"positivePrompt":"a door"}\nnot json\n{"positivePrompt":"a door","width":5}\n');
  const { code, errors, out } = await run(['generate', '--from', file]);
  expect({ code, out }).toEqual({ code: 2, out: [] });
  expect(errors).toMatch(/line 2.*must be a request as JSON[^]*line 3: height: must be given together with width/);
});

test('list, show and export tell the same in words and in JSON', async () => {
  const { out } = await run([
    'generate',
    'a list',
    '--tag',
    'listed',
    '--metadata',
    'user=alice',
    '--detach',
    '--run-at',
    '2026-12-01',
    '--tenant',
    'acme',
  ]);
  const [generationId = ''] = out;
  for (const filter of [
    ['--tag', 'listed'],
    ['--metadata', 'user=alice'],
    ['--tenant', 'acme', '--status', 'queued'],
  ]) {
    expect(await json('list', ...filter), filter.join(' ')).toMatchObject({ generationId, status: 'queued' });
    const listed = await run(['list', ...filter]);
    expect(listed.out).toEqual([expect.stringMatching(new RegExp(`^${generationId}  queued .+  0/1 images  0 USD  acme$`))]);
  }
  expect(await json('show', generationId)).toMatchObject({ generationId, metadata: { user: 'alice' }, tenant: 'acme' });
  expect(await json('export', '--tag', 'listed')).toMatchObject({ generationId, request: { positivePrompt: 'a list' } });
  const paged = await run(['list', '--limit', '1']);
  expect(paged.out).toHaveLength(1);
  const [, cursor = ''] = /--cursor (\S+)/.exec(paged.errors) ?? [];
  expect((await run(['list', '--limit', '1', '--cursor', cursor])).out).not.toEqual(paged.out);
  expect(await json('quote', '-n', '4')).toMatchObject({ images: 4, atMostUsd: '0.08' });
});

test('cancel, retry and erase by filter tell first what they would take, and may be repeated', async () => {
  for (const prompt of ['one', 'two', 'three'])
    await run(['generate', prompt, '-n', '2', '--tag', 'bulk', '--detach', '--run-at', '2026-12-01']);
  const filter = ['--tag', 'bulk'];
  expect(await json('cancel', ...filter, '--dry-run')).toMatchObject({ dryRun: true, generations: 3, images: 6 });
  const cancelled = await run(['cancel', ...filter]);
  expect(cancelled.code, cancelled.errors).toBe(0);
  expect(cancelled.out).toHaveLength(3);
  expect(cancelled.errors).toMatch(/goes on with --created-before 2026-[^]*cancelled: 3 generations with 6 images/);
  expect((await run(['cancel', ...filter])).errors).toContain('cancelled: 0 generations');

  const before = bill();
  expect(await json('retry', ...filter, '--dry-run')).toMatchObject({ generations: 3, images: 6, usd: '0.12' });
  const { errors: told } = await run(['retry', ...filter]);
  const [, createdBefore = ''] = /--created-before (\S+)/.exec(told) ?? [];
  const repeated = await run(['retry', ...filter, '--created-before', createdBefore, '--json']);
  const retries = repeated.out.map((line) => JSON.parse(line) as { retryId: string; created: boolean });
  expect(retries.map(({ created }) => created)).toEqual([false, false, false]);
  for (const { retryId } of retries) expect(await run(['watch', retryId])).toMatchObject({ code: 0 });
  expect(bill() - before).toBe(6);

  expect(await run(['erase', ...filter])).toMatchObject({ code: 2, errors: expect.stringContaining('add --yes') as string });
  const erased = await run(['erase', retries[0]?.retryId ?? '', '--yes']);
  expect(erased.code, erased.errors).toBe(0);
});

test('watch --all prints each event, and ends at Ctrl-C', async () => {
  const stop = new AbortController();
  const seen: string[] = [];
  const watching = run(['watch', '--all', '--group', 'here', '--json'], stop.signal, seen);
  // The group hears of what happens after it began.
  await eventually(async () => {
    const { out } = await run(['generate', 'an event', '--detach']);
    await run(['watch', out[0] ?? '']);
    expect(seen.map((line) => (JSON.parse(line) as { generationId: string }).generationId)).toContain(out[0]);
  });
  stop.abort();
  expect(await watching).toMatchObject({ code: 0 });
});

test.each([
  [['show', '01890a5d-ac96-774b-bcce-b302099a8057'], 1, 'no generation has the id'],
  [['show', 'order-1'], 2, 'generationId must be the id of a generation'],
  [['show'], 2, 'show takes the id of a generation, or --idempotency-key'],
  [['cancel'], 2, 'it takes ids of generations, or a filter'],
  [['cancel', '01890a5d-ac96-774b-bcce-b302099a8057'], 1, '1 could not be'],
  [['retry', '--tag', 'x', '--reason', 'y'], 2, '--may-pay-again and --reason go together'],
  [['generate'], 2, 'a prompt or --from <file> is missing'],
  [['generate', 'a door', '--size', '5x5'], 2, 'width'],
  [['generate', 'a door', '--size', 'big'], 2, '--size must be <width>x<height>'],
  [['generate', 'a door', '--run-at', 'tomorrow'], 2, '--run-at must be a time such as'],
  [['generate', 'a door', '--from', 'x.jsonl'], 2, '--from brings its own prompt'],
  [['generate', '--from', 'missing.jsonl'], 2, 'cannot read'],
  [['generate', 'a door', '--reference', 'missing.png'], 2, 'cannot read'],
  [['list', '--status', 'done'], 2, '--status must be one of'],
  [['watch'], 2, 'watch takes the id of a generation, or --all'],
])('%j ends with %i and says why', async (words, code, message) => {
  const told = await run(words);
  expect({ code: told.code, out: told.out }, told.errors).toEqual({ code, out: [] });
  expect(told.errors).toContain(message);
});
