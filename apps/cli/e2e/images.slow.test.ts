import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { mintApiKey } from '@darkroom/contracts';
import { DEFAULT_PREFIX, eventChannel } from '@darkroom/generation-store';
import { eventually } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { doors, openDoors, startDoors } from './doors.ts';
import { mistakes } from './mistaken-words.ts';
import { createWorld, spawnCli } from './world.ts';

// One Darkroom for all tests of this file: each uses tags of its own.
const world = createWorld(afterAll);
const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
/** The environment by which a command takes the HTTP API. */
let http: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  http = await startDoors(world);
}, 120_000);

const { environmentOf, placeOf, runBy } = openDoors(world.dir, () => http);

describe.each(doors)('through the %s', (door) => {
  const own = door === 'library' ? 'library' : 'http';
  const run = (words: readonly string[], stop?: AbortSignal, out?: string[]) => runBy(door, words, stop, out);
  const json = async <Value>(...words: string[]): Promise<Value> => {
    const { out, errors } = await run([...words, '--json']);
    expect(out, errors).toHaveLength(1);
    return JSON.parse(out[0] ?? '') as Value;
  };

  test('a folder that cannot be written is refused before anything is queued', async () => {
    const file = path.join(world.dir, `${own}-file`);
    writeFileSync(file, '');
    for (const out of [file, path.join(file, 'below'), '/proc/darkroom/images']) {
      const { code, errors } = await run(['generate', 'never', '--out', out, '--tag', `${own}-never`]);
      expect(errors).toMatch(/--out: must be a folder that can be written: (EEXIST|ENOTDIR|ENOENT)/);
      expect(code).toBe(2);
    }
    expect((await run(['list', '--tag', `${own}-never`])).out).toEqual([]);
  });

  test('an order that Redis loses is made again under its id, while generate waits', async () => {
    const stop = new AbortController();
    const waiting = run(['generate', 'lost', '--tag', `${own}-lost`, '--run-at', tomorrow], stop.signal);
    const redis = new Redis(`redis://127.0.0.1:${String((world.readJson('ports.json') as { redis: number }).redis)}`);
    onTestFinished(() => redis.disconnect());
    const generationId = await eventually(async () => {
      const { out } = await run(['list', '--tag', `${own}-lost`]);
      return /[0-9a-f-]{36}/.exec(out.join(' '))?.[0] ?? Promise.reject(new Error('it is not queued yet'));
    });
    const channel = eventChannel(DEFAULT_PREFIX, generationId);
    const untilFollowed = () => eventually(async () => expect(await redis.pubsub('NUMSUB', channel)).toEqual([channel, 1]));
    await untilFollowed();
    const key = `${DEFAULT_PREFIX}:generation:${generationId}`;
    expect(await redis.del(key), 'as a Redis that goes back to a moment before it').toBe(1);
    await redis.publish(channel, '{"event":"generation.queued"}');
    await eventually(async () => expect(await redis.hget(key, 'status')).toBe('queued'));
    await untilFollowed();
    stop.abort(new Error('SIGINT'));
    expect((await waiting).errors).toContain(`darkroom watch ${generationId}`);
    await run(['cancel', generationId]);
  });

  test('generate makes images, saves them, and prints their paths; its key finds the same again', async () => {
    const out = path.join(world.dir, own, 'pictures');
    const words = [
      'generate',
      'a red door',
      ...`--size 1280x896 -n 2 --out ${out} --tag ${own}`.split(' '),
      '--idempotency-key',
      `order of ${own}`,
    ];
    const made = await run(words);
    expect(made, made.errors).toMatchObject({ code: 0 });
    expect(made.out).toHaveLength(2);
    for (const file of made.out) expect(existsSync(file)).toBe(true);
    expect(made.errors).toContain('1 queued, for at most 0.04 USD');
    expect(made.errors).toMatch(/✔ a red door +[\d.]+ s +verified/);

    const again = await run(words);
    expect(again.out).toEqual(made.out);
    expect(again.errors).toContain('0 queued, 1 were there already');

    const shown = await run(['show', '--idempotency-key', `order of ${own}`]);
    expect(shown.out.join('\n')).toMatch(/ {2}succeeded\n[^]*cost +0\.04 USD[^]*image 1 +JPG 1280x896, \d+ bytes, 0\.02 USD/);
    expect(shown.out).toContain(`  tags      ${own}`);

    const fromImage = await run(['generate', 'the same at night', '--reference', made.out[0] ?? '', '--detach']);
    expect(fromImage, fromImage.errors).toMatchObject({ code: 0, out: [expect.stringMatching(/^[0-9a-f-]{36}$/)] });
    expect(fromImage.errors).toContain('for at most 0.022 USD');
    expect(await run(['watch', fromImage.out[0] ?? ''])).toMatchObject({ code: 0 });
  });

  test('a file of requests goes on after a kill, and no image is bought twice', async () => {
    const file = path.join(world.dir, `${own}.jsonl`);
    const out = path.join(world.dir, own, 'many');
    const lines = Array.from({ length: 24 }, (_, index) => ({
      positivePrompt: `${own} ${index}`,
      width: 1024,
      height: 1024,
      tags: ['many'],
    }));
    writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const before = world.executions();
    const words = ['generate', '--from', file, '--out', out];
    const killed = spawnCli([...words, ...placeOf(door, words)], environmentOf(door));
    await killed.printed('24 queued');
    killed.signal('SIGKILL');
    await killed.ended;
    const { code, errors, out: files } = await run(words);
    expect(code, errors).toBe(0);
    expect(errors).toMatch(/24 were there already, for at most 0\.48 USD\n[^]*24 ended/);
    expect(files).toHaveLength(24);
    expect(readdirSync(out)).toHaveLength(24);
    expect(world.executions() - before).toBe(24);

    // A line more, twice, and at another place: what was made is found, equal lines count.
    const more = `${JSON.stringify({ positivePrompt: `${own} more` })}\n`;
    writeFileSync(file, [more, ...lines.map((line) => `${JSON.stringify(line)}\n`), more].join(''));
    const grown = await run([...words, '--quiet']);
    expect(grown).toMatchObject({ code: 0, errors: '' });
    expect(new Set(grown.out).size).toBe(26);
    expect(world.executions() - before).toBe(26);
  });

  test('a file whose key was used with another request says how many lines are queued, and queues the rest once it is corrected', async () => {
    const file = path.join(world.dir, `${own}-used.jsonl`);
    const linesWith = (key: string) =>
      [0, 1, 2].map((index) => ({ positivePrompt: `${own} ${index}`, tags: [`${own}-used`], ...(index === 2 && { idempotencyKey: key }) }));
    const write = (key: string) =>
      writeFileSync(
        file,
        linesWith(key)
          .map((line) => `${JSON.stringify(line)}\n`)
          .join(''),
      );
    await run(['generate', 'another', '--idempotency-key', `${own}-used`, '--detach', '--run-at', tomorrow]);
    write(`${own}-used`);
    const words = ['generate', '--from', file, '--detach', '--run-at', tomorrow];
    const refused = await run(words);
    expect(refused.errors).toMatch(/at least \d of 3 requests are queued, and go on[^]*idempotency key/i);
    expect(refused.code).toBe(1);
    await eventually(async () => expect((await run(['list', '--tag', `${own}-used`])).out).toHaveLength(2));
    write(`${own}-unused`);
    expect(await run(words)).toMatchObject({ code: 0 });
    expect((await run(['list', '--tag', `${own}-used`])).out).toHaveLength(3);
  });

  test('list, show and export tell the same in words and in JSON', async () => {
    const labels = ['--tag', `listed-${own}`, '--metadata', `user=${own}`];
    const { out } = await run(['generate', 'a list', ...labels, '--detach', '--run-at', tomorrow, '--tenant', 'default']);
    const [generationId = ''] = out;
    for (const filter of [
      ['--tag', `listed-${own}`],
      ['--metadata', `user=${own}`],
      ['--tenant', 'default', '--status', 'queued', '--tag', `listed-${own}`],
    ]) {
      expect(await json('list', ...filter), filter.join(' ')).toMatchObject({ generationId, status: 'queued' });
      const listed = await run(['list', ...filter]);
      expect(listed.out).toEqual([expect.stringMatching(new RegExp(`^${generationId}  queued .+  0/1 images  0 USD  default$`))]);
    }
    expect(await json('show', generationId)).toMatchObject({ generationId, metadata: { user: own }, tenant: 'default' });
    expect(await json('export', '--tag', `listed-${own}`)).toMatchObject({ generationId, request: { positivePrompt: 'a list' } });
    const paged = await run(['list', '--limit', '1']);
    expect(paged.out).toHaveLength(1);
    const [, cursor = ''] = /--cursor (\S+)/.exec(paged.errors) ?? [];
    expect((await run(['list', '--limit', '1', '--cursor', cursor])).out).not.toEqual(paged.out);
    expect(await json('quote', '-n', '4')).toMatchObject({ images: 4, atMostUsd: '0.08' });
  });

  test('cancel, retry and erase by filter tell first what they would take, and may be repeated', async () => {
    for (const prompt of ['one', 'two', 'three'])
      await run(['generate', prompt, '-n', '2', '--tag', `bulk-${own}`, '--detach', '--run-at', tomorrow]);
    const filter = ['--tag', `bulk-${own}`];
    expect(await json('cancel', ...filter, '--dry-run')).toMatchObject({ dryRun: true, generations: 3, images: 6 });
    const cancelled = await run(['cancel', ...filter]);
    expect(cancelled.code, cancelled.errors).toBe(0);
    expect(cancelled.out).toHaveLength(3);
    expect(cancelled.errors).toMatch(/goes on with --created-before \d{4}-[^]*cancelled: 3 generations with 6 images/);
    expect((await run(['cancel', ...filter])).errors).toContain('cancelled: 0 generations');

    const before = world.executions();
    expect(await json('retry', ...filter, '--dry-run')).toMatchObject({ generations: 3, images: 6, usd: '0.12' });
    const { errors: told } = await run(['retry', ...filter]);
    const [, createdBefore = ''] = /--created-before (\S+)/.exec(told) ?? [];
    const repeated = await run(['retry', ...filter, '--created-before', createdBefore, '--json']);
    const retries = repeated.out.map((line) => JSON.parse(line) as { retryId: string; created: boolean });
    expect(retries.map(({ created }) => created)).toEqual([false, false, false]);
    for (const { retryId } of retries) expect(await run(['watch', retryId])).toMatchObject({ code: 0 });
    expect(world.executions() - before).toBe(6);

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

    // What happens while no command runs is told to the next one of the group.
    const { out } = await run(['generate', 'while nobody watches', '--detach']);
    await run(['watch', out[0] ?? '']);
    const later = new AbortController();
    const lines: string[] = [];
    const again = run(['watch', '--all', '--group', 'here'], later.signal, lines);
    await eventually(() => expect(lines).toContainEqual(expect.stringContaining(`generation.succeeded  ${out[0]}`)));
    later.abort();
    expect(await again).toMatchObject({ code: 0 });
  });
});

test.each(mistakes)('%j ends with %i and says why', async (words, code, message) => {
  const told = await runBy('library', words);
  expect({ code: told.code, out: told.out }, told.errors).toEqual({ code, out: [] });
  expect(told.errors).toContain(message);
  expect(await runBy('HTTP API', words)).toEqual(told);
});

/** Takes the seconds out that a generation took. */
const timeless = (text: string): string => text.replaceAll(/ +[\d.]+ s /g, ' s ');

test('both doors print the same, as text and as JSON', async () => {
  const ordered = ['generate', 'the same', '-n', '2', '--idempotency-key', 'same'];
  const made = await runBy('library', [...ordered, '--tag', 'same', '--metadata', 'a=b']);
  const [generationId = ''] = /[0-9a-f-]{36}/.exec(made.out[0] ?? '') ?? [];
  const out = path.join(world.dir, 'same');
  for (const words of [
    ['show', generationId],
    ['show', '--idempotency-key', 'same'],
    ['show', '--idempotency-key', 'never'],
    ['show', generationId, '--out', out],
    ['list', '--tag', 'same'],
    ['list', '--metadata', 'a=b', '--status', 'succeeded', '--created-from', '2026-01-01', '--limit', '500'],
    ['export', '--tag', 'same'],
    ['watch', generationId],
    ['quote', '-n', '3'],
    ordered,
    ['generate', 'another', '--idempotency-key', 'same'],
    ['cancel', '--tag', 'same', '--dry-run'],
    ['cancel', generationId],
    ['retry', '--tag', 'same', '--dry-run'],
    ['retry', generationId],
    ['erase', generationId, '--dry-run'],
  ])
    for (const form of [[], ['--json']]) {
      const told = await runBy('library', [...words, ...form]);
      const also = await runBy('HTTP API', [...words, ...form]);
      expect({ ...also, errors: timeless(also.errors) }, words.join(' ')).toEqual({ ...told, errors: timeless(told.errors) });
    }
  expect(readdirSync(out)).toHaveLength(2);
  const [own, all] = [await runBy('HTTP API', ['spend', '--json']), await runBy('library', ['spend', '--tenant', 'default', '--json'])];
  const periodsOf = ({ out: [line = ''] }: { out: string[] }) => (JSON.parse(line) as { periods: { period: string }[] }).periods;
  expect(periodsOf(own)).toHaveLength(2);
  expect(periodsOf(own)).toEqual(periodsOf(all).filter(({ period }) => period.startsWith('tenant:')));
});

test('the log of acts of operators takes no reason from HTTP', async () => {
  expect(await runBy('HTTP API', ['cancel', '--tag', 'never', '--reason', 'sold out'])).toMatchObject({
    code: 2,
    errors: expect.stringContaining('--reason: is kept in the log of acts of the operators, which the HTTP API does not write') as string,
  });
});

test('through HTTP a key stands for its tenant, and a wrong address or key is told apart from an outage', async () => {
  expect(await runBy('HTTP API', ['list', '--tenant', 'acme'])).toMatchObject({
    code: 2,
    errors: expect.stringContaining('--tenant: must be "default", the tenant of the API key, or be left out') as string,
  });
  const { DARKROOM_URL: url = '' } = http;
  for (const [environment, code, message] of [
    [{ DARKROOM_KEY: '' }, 2, 'DARKROOM_KEY: must be an API key'],
    [{ DARKROOM_KEY: mintApiKey('test').text }, 1, 'the API key is unknown or revoked'],
    [{ DARKROOM_URL: 'http://127.0.0.1:1' }, 1, 'the API at http://127.0.0.1:1 does not answer'],
    [{ DARKROOM_URL: `${url}/elsewhere` }, 1, 'there is no such path'],
    [
      { DARKROOM_URL: `http://127.0.0.1:${(world.readJson('ports.json') as { s3: number }).s3}` },
      1,
      'is DARKROOM_URL the address of its API?',
    ],
  ] as const) {
    const right = http;
    http = { ...right, ...environment };
    const told = await runBy('HTTP API', ['list']);
    http = right;
    expect([told.code, told.out], told.errors).toEqual([code, []]);
    expect(told.errors).toContain(message);
  }
});
