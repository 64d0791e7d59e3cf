import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { formatUsd, parseUsd, taskUuidOf, type GenerationView, type GrokImagineRequestInput, type ImageView } from '@darkroom/contracts';
import { createProducer, type GenerateOptions, type Producer } from '@darkroom/producer';
import { createImages, type Images, type RunwareResponseItem } from '@darkroom/producer/images';
import { startFleet, type Fleet } from '@darkroom/testing';
import sharp from 'sharp';
import { expect } from 'vitest';

const WAIT_MS = 60_000;

/** One execution on the provider's bill. */
export interface Execution {
  taskUUID: string;
  costUsd: string;
  promptSha256: string;
  images: { imageUUID: string; sha256: string; sizeBytes: number }[];
}

/** A backend that uses Darkroom as documented, and the provider's view of its purchases. */
export interface PageWorld {
  readonly fleet: Fleet;
  readonly producer: Producer;
  readonly images: Images;
  /** Generates images. Returns the view with the response that Runware would have sent. */
  make(request: GrokImagineRequestInput, options?: GenerateOptions): Promise<Made>;
  /** Generates images for many requests at once. */
  makeAll(requests: readonly GrokImagineRequestInput[]): Promise<Made[]>;
  /** Returns the task as it reached the provider. */
  sent(taskUUID: string): Promise<Record<string, unknown>>;
  /** Returns the purchases of a generation on the bill. */
  billed(generation: GenerationView): Promise<Execution[]>;
  stop(): Promise<void>;
}

export interface Made {
  generation: GenerationView;
  items: RunwareResponseItem[];
}

export const request = { positivePrompt: 'a lighthouse in the fog', width: 576, height: 1248, outputQuality: 40 } as const;

/** Starts a fleet with short waits and a fast provider, and a backend beside it. */
export async function startPageWorld(): Promise<PageWorld> {
  const fleet = await startFleet({ faults: { uploadBeforeWebhookRate: 1 } });
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  const images = createImages(fleet.s3Config);
  const madeOf = async (generation: GenerationView): Promise<Made> => ({ generation, items: await images.toRunwareResponse(generation) });
  return {
    fleet,
    producer,
    images,
    make: async (asked, options = {}) => madeOf(await producer.generate(asked, { timeoutMs: WAIT_MS, ...options })),
    async makeAll(requests) {
      const enqueued = await producer.enqueueMany(requests);
      return Promise.all(enqueued.map(async ({ generationId }) => madeOf(await producer.wait(generationId, { timeoutMs: WAIT_MS }))));
    },
    async sent(taskUUID) {
      const response = await fetch(`${fleet.emulatorUrl}/v1`, {
        method: 'POST',
        headers: { authorization: 'Bearer test-key', 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify([{ taskType: 'getTaskDetails', taskUUID }]),
      });
      const { data } = (await response.json()) as { data: { request: Record<string, unknown> }[] }; // the emulator's own words
      const [details] = data;
      if (details === undefined) throw new Error(`the provider knows no task "${taskUUID}"`);
      return details.request;
    },
    async billed({ generationId, images: made }) {
      const tasks = new Set(
        made.flatMap(({ index, submissions }) =>
          Array.from({ length: submissions }, (_, at) => taskUuidOf({ generationId, index, n: at + 1 })),
        ),
      );
      const lines = (await readFile(fleet.billFile, 'utf8')).split('\n').slice(0, -1);
      return lines
        .map((line) => JSON.parse(line) as Execution & { kind: string }) // the emulator's own words
        .filter(({ kind, taskUUID }) => kind === 'execution' && tasks.has(taskUUID));
    },
    async stop() {
      images.close();
      await producer.close();
      await fleet.stop();
    },
  };
}

/** Returns the bytes of a response item and their content type, which base64 alone lacks. */
export async function bytesOf({ imageURL, imageBase64Data, imageDataURI }: RunwareResponseItem): Promise<{ type?: string; bytes: Buffer }> {
  if (imageBase64Data !== undefined) return { bytes: Buffer.from(imageBase64Data, 'base64') };
  if (imageDataURI !== undefined) {
    const [head = '', base64 = ''] = imageDataURI.split(',');
    return { type: head.slice('data:'.length, -';base64'.length), bytes: Buffer.from(base64, 'base64') };
  }
  const response = await fetch(imageURL ?? '', { headers: { connection: 'close' } });
  expect(response.status).toBe(200);
  return { type: response.headers.get('content-type') ?? '', bytes: Buffer.from(await response.arrayBuffer()) };
}

/**
 * Checks every image of a generation: it succeeded, its bytes are those on the bill, they decode to the size in the record, and it
 * cost what the bill says.
 */
export async function expectWhole(world: PageWorld, { generation, items }: Made): Promise<void> {
  expect(generation.status, JSON.stringify(generation.images.map(({ fault }) => fault))).toBe('succeeded');
  expect(generation.images).toHaveLength(generation.request.numberResults);
  expect(items).toHaveLength(generation.request.numberResults);
  const executions = await world.billed(generation);
  expect(executions).toHaveLength(generation.request.numberResults);
  expect(generation.costUsd, 'cost').toBe(formatUsd(executions.reduce((sum, { costUsd }) => sum + parseUsd(costUsd), 0)));
  expect(generation.reservedUsd).toBe('0');
  for (const [index, item] of items.entries()) {
    const image = verified(generation.images[index]);
    const { bytes } = await bytesOf(item);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(sha256).toBe(image.sha256);
    const execution = executions.find(({ images }) => images.some((made) => made.sha256 === sha256));
    expect(execution?.images, 'on the bill').toEqual([{ imageUUID: item.imageUUID, seed: item.seed, sha256, sizeBytes: bytes.length }]);
    const { info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    expect({ width: info.width, height: info.height }).toEqual({ width: image.width, height: image.height });
  }
}

export function verified(view: ImageView | undefined): NonNullable<ImageView['image']> {
  if (view?.image === undefined) throw new Error(`there is no verified image: ${JSON.stringify(view)}`);
  return view.image;
}
