import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, startFleet, type Fleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createProducer } from '../src/index.ts';
import {
  buyingAgain,
  eventsOfAGroup,
  findingAgain,
  fromAnImage,
  givingUp,
  inEveryForm,
  inTheBackground,
  inUnitTests,
  likeRunware,
  many,
  oneImage,
  pricesAndSpend,
  withheldImages,
} from './examples.ts';

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');
const blocks = [...read('../README.md').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
/** The lines that matter: the examples are indented by their functions, and the page has the imports once. */
const linesOf = (code: string): string[] =>
  code
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('import ') && !line.startsWith('return '));

describe('the README', () => {
  const examples = linesOf(read('examples.ts')).join('\n');

  test('has examples', () => {
    expect(blocks).toHaveLength(13);
  });

  test.each(blocks.map((code, at) => ({ at, code })))('example $at is one of those run below', ({ code }) => {
    expect(examples).toContain(linesOf(code).join('\n'));
  });
});

describe('each example does what the README says', () => {
  let fleet: Fleet;
  let printed: unknown[][];
  beforeAll(async () => {
    const print = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    printed = print.mock.calls;
    fleet = await startFleet({ faults: { uploadBeforeWebhookRate: 1 } });
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    await fleet.stop();
  });

  test('one image', async () => {
    expect(await oneImage(fleet.redisUrl)).toMatchObject({ status: 'succeeded' });
    expect(printed.at(-1)).toEqual(['succeeded', '0.02']);
  });

  test('a response as Runware writes it', async () => {
    await likeRunware(fleet.redisUrl, fleet.s3Config);
    expect(printed.at(-1)).toEqual([expect.stringMatching(/^data:image\/webp;base64,/), expect.any(Number), 0.02]);
  });

  test('as URL, bytes, stream or file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'darkroom-readme-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const [file, copy] = [join(folder, 'file.jpg'), join(folder, 'copy.jpg')];
    const bytes = Buffer.from(await inEveryForm(fleet.redisUrl, fleet.s3Config, file, copy));
    expect([readFileSync(file), readFileSync(copy)]).toEqual([bytes, bytes]);
    expect(printed.at(-1)).toEqual(['image/jpeg', bytes.length, expect.stringContaining('X-Amz-Expires=600')]);
  });

  test('withheld images', async () => {
    expect(await withheldImages(fleet.redisUrl)).toMatchObject({ withholdFlagged: true, images: [{ nsfwContent: false }] });
    expect(printed.at(-1)).toEqual([0, expect.stringMatching(/^images\//)]);
  });

  test('in unit tests', async () => {
    await inUnitTests(new Uint8Array([1, 2, 3]));
    expect(printed.slice(-3)).toEqual([
      ['succeeded', 3],
      ['failed', 'provider.content-refused'],
      [true, 3],
    ]);
  });

  test('in the background', async () => {
    expect(await inTheBackground(fleet.redisUrl, fleet.s3Config, 'order-7')).toMatchObject({ status: 'succeeded' });
    expect(printed).toContainEqual(['at most 0.02 USD']);
    expect(printed.at(-1)).toEqual([expect.stringContaining('X-Amz-Expires=600'), expect.any(Date)]);
  });

  test('many', async () => {
    const requests = Array.from({ length: 5 }, (_, at) => ({ positivePrompt: `image ${at}` }));
    const generations = await many(fleet.redisUrl, requests);
    expect(generations.map(({ request }) => request.positivePrompt)).toEqual(requests.map(({ positivePrompt }) => positivePrompt));
  });

  test('events of a group', async () => {
    const producer = createProducer({ redisUrl: fleet.redisUrl });
    const told: string[] = [];
    const reading = eventsOfAGroup(
      fleet.redisUrl,
      async (generationId, eventId) => void told.push(generationId, eventId),
      'generation.cancelled',
    );
    const redis = new Redis(fleet.redisUrl);
    await eventually(async () => expect(await redis.xinfo('GROUPS', '{darkroom}:event-log')).toHaveLength(1));
    redis.disconnect();
    const { generationId } = await producer.generate({ positivePrompt: 'a lighthouse' });
    const later = await producer.enqueue({ positivePrompt: 'a lighthouse' }, { runAt: Date.now() + 60_000 });
    await producer.cancel(later.generationId);
    await producer.close();
    await reading;
    expect(told).toEqual([generationId, `${generationId}-succeeded`]);
  });

  test('buying images again', async () => {
    const producer = createProducer({ redisUrl: fleet.redisUrl });
    const { generationId } = await producer.enqueue({ positivePrompt: 'a lighthouse' }, { runAt: Date.now() + 60_000 });
    await buyingAgain(fleet.redisUrl, generationId);
    expect(printed.at(-1)).toEqual([0, 'retry.in-progress', generationId]);
    await producer.cancel(generationId);
    await buyingAgain(fleet.redisUrl, generationId);
    expect(printed.at(-1)).toEqual([expect.any(String), true, [0]]);
    expect(await producer.wait(String(printed.at(-1)?.[0]))).toMatchObject({ status: 'succeeded', retryOf: generationId, replaces: [0] });
    await producer.close();
  });

  test('prices and spend', async () => {
    await pricesAndSpend(fleet.redisUrl);
    expect(printed.slice(-3)).toEqual([
      ['0.08'],
      ['day', expect.any(String), '0', expect.any(String)],
      ['month', expect.any(String), '0', expect.any(String)],
    ]);
  });

  test('finding generations again', async () => {
    const producer = createProducer({ redisUrl: fleet.redisUrl, tenant: 'acme' });
    const refused = await producer.enqueue({ positivePrompt: 'a lighthouse' }, { runAt: Date.now() + 60_000 });
    await producer.cancel(refused.generationId);
    const { generationId } = await producer.enqueue({ positivePrompt: 'a lighthouse' }, { idempotencyKey: 'order-9' });
    await producer.close();
    expect(await findingAgain(fleet.redisUrl, generationId, 'order-9')).toMatchObject({ generationId, status: 'succeeded' });
    expect(printed.at(-1)).toEqual(['succeeded', 1]);
  });

  test('from an image', async () => {
    const bytes = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#204060' } })
      .png()
      .toBuffer();
    expect(await fromAnImage(fleet.redisUrl, fleet.s3Config, bytes)).toMatchObject({ status: 'succeeded', costUsd: '0.022' });
  });

  test('giving up', async () => {
    await fleet.setFaults({ executionMs: [2000, 2000] });
    expect(await givingUp(fleet.redisUrl)).toMatchObject({ status: 'cancelled' });
  });
});
