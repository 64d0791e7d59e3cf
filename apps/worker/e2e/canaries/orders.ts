import { inspect } from 'node:util';
import { createProducer } from '@darkroom/producer';
import { createImages } from '@darkroom/producer/images';
import { eventually, type Fleet } from '@darkroom/testing';
import sharp from 'sharp';
import { createCanary, type Canary, type Written } from './canary.ts';
import { withPassword } from './secrets.ts';

/** A backend that orders images of canaries, and collects its errors. */
export interface Orders {
  prompts(): readonly Canary[];
  keys(): readonly Canary[];
  /** Addresses of receivers of notifications, which requests name. */
  webhooks(): readonly Canary[];
  /** Places one more order. */
  place(): Promise<void>;
  /** Returns the errors of refused orders. */
  refused(): Promise<Written[]>;
  /** Returns the error of an order that fails at this moment. */
  tryWhile(when: string): Promise<Written[]>;
  /** Waits until all orders have ended. */
  allOver(): Promise<void>;
  close(): Promise<void>;
}

export async function placeOrders(fleet: Fleet, count: number): Promise<Orders> {
  const redisUrl = withPassword(fleet.redisUrl);
  const producer = createProducer({ redisUrl, allowLoopbackWebhooks: true });
  const images = createImages({ ...fleet.s3Config });
  const prompts: Canary[] = [];
  const keys: Canary[] = [];
  const webhooks: Canary[] = [];
  const ids: string[] = [];
  const refusedPrompt = createCanary('a prompt that was refused');
  const keyOf = (at: number): string => `key/${keys[at]?.core}`;

  const picture = sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } });
  const reference = await images.putReferenceImage(await picture.png().toBuffer());
  const place = async (): Promise<void> => {
    const at = ids.length;
    const prompt = createCanary(`prompt ${at}`);
    prompts.push(prompt);
    keys.push(createCanary(`idempotency key ${at}`));
    const webhook = createCanary(`receiver of request ${at}`);
    webhooks.push(webhook);
    // Nothing listens there: each attempt fails, and is logged.
    const webhookURL = `http://127.0.0.1:9/${webhook.core}`;
    const geometry = at % 8 === 0 ? { inputs: { referenceImages: [reference] } } : ({ width: 576, height: 1248 } as const);
    const order = { positivePrompt: `a "${prompt.core}" of\n${prompt.core} & ü`, ...geometry };
    // After a restart Redis refuses an unknown key for some seconds, until a worker has asked S3; the caller must call again.
    const placed = await eventually(() => producer.enqueue(order, { idempotencyKey: keyOf(at), webhookURL }), {
      withinMs: 30_000,
      everyMs: 200,
    });
    ids.push(placed.generationId);
  };
  for (let at = 0; at < count; at += 1) await place();

  const positivePrompt = `a ${refusedPrompt.core}`;
  const errorOf = async (place: string, call: () => unknown): Promise<Written[]> => {
    try {
      await call();
      return [];
    } catch (error) {
      return [{ place, text: `${inspect(error, { depth: 10 })} ${JSON.stringify(error)} ${String(error)}` }];
    }
  };
  const wrongSize = { width: 1 as 576, height: 1 as 1248 }; // a caller without types may pass this
  return {
    prompts: () => [...prompts, refusedPrompt],
    keys: () => keys,
    webhooks: () => webhooks,
    place,
    refused: async () => [
      ...(await errorOf('an enqueue of another request under a used key', () =>
        producer.enqueue({ positivePrompt }, { idempotencyKey: keyOf(0) }),
      )),
      ...(await errorOf('an enqueue of a wrong request', () => producer.enqueue({ positivePrompt, ...wrongSize }))),
      ...(await errorOf('a producer with a wrong prefix', () => createProducer({ redisUrl, prefix: 'none' }))),
    ],
    tryWhile: (when) => errorOf(`an enqueue while ${when}`, () => producer.enqueue({ positivePrompt }, { idempotencyKey: keyOf(0) })),
    allOver: async () => {
      for (const id of ids) await producer.wait(id, { timeoutMs: 120_000 });
    },
    close: async () => {
      images.close();
      await producer.close();
    },
  };
}
