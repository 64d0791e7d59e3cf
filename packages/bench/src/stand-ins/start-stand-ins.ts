import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startProgram, type Environment } from '@darkroom/local-stack';
import type { z } from 'zod';
import type { ImageNames } from '../contestants/contestant.ts';
import { standInMessage, type commandSchema, type StandInCounts } from './messages.ts';
import type { Delivered, DeliveryOrder } from './provider.ts';

/** Provider and bucket of the bench, in a process of their own. */
export interface StandIns {
  /** Address of the provider's API. */
  readonly providerUrl: string;
  /** Address of the bucket's server, for path-style addresses. */
  readonly s3Endpoint: string;
  readonly imageBytes: number;
  setDelay(delayMs: number): void;
  /** Keeps webhooks instead of sending them, or sends new ones again. */
  holdWebhooks(isHeld: boolean): void;
  /** Sends kept webhooks; resolves when all are answered. */
  deliver(order: DeliveryOrder): Promise<Delivered>;
  readCounts(): Promise<StandInCounts>;
  /** Copies the objects of an image for its clones. */
  cloneObjects(image: ImageNames, clones: readonly ImageNames[]): Promise<void>;
  /** Returns when the webhook of each task was sent, in milliseconds since 1970, and forgets it. */
  takeWebhookTimes(): Promise<Readonly<Record<string, number>>>;
  stop(): Promise<void>;
}

const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 2_000;
const CLONES_AT_ONCE = 5000;

export async function startStandIns(environment: Environment): Promise<StandIns> {
  const program = startProgram({
    name: 'stand-ins',
    args: [fileURLToPath(new URL('main.js', import.meta.url))],
    environment,
    hasChannel: true,
    hasOwnGroup: true,
  });
  const { child } = program;
  let ready: { url: string; imageBytes: number } | undefined;
  child.on('message', (message) => (ready ??= standInMessage.parse(message).ready));
  await program.untilReady(() => Promise.resolve(ready === undefined ? { what: 'it does not listen' } : undefined), START_LIMIT_MS);
  if (ready === undefined) throw new Error('the stand-ins did not say where they listen');
  const ask = async (question: z.input<typeof commandSchema>) => {
    const answered = once(child, 'message');
    child.send(question);
    const [message]: unknown[] = await answered;
    return standInMessage.parse(message);
  };
  return {
    providerUrl: `${ready.url}/v1`,
    s3Endpoint: ready.url,
    imageBytes: ready.imageBytes,
    setDelay: (delayMs) => void child.send({ delayMs }),
    holdWebhooks: (holdsWebhooks) => void child.send({ holdsWebhooks }),
    async deliver(order) {
      const { delivered } = await ask({ deliver: order });
      if (delivered === undefined) throw new Error('the stand-ins answered without the deliveries');
      return delivered;
    },
    async takeWebhookTimes() {
      const { webhookTimes } = await ask({ webhookTimesWanted: true });
      return webhookTimes ?? {};
    },
    async readCounts() {
      const { counts } = await ask({ countsWanted: true });
      if (counts === undefined) throw new Error('the stand-ins answered without counts');
      return counts;
    },
    async cloneObjects(image, clones) {
      for (let at = 0; at < clones.length; at += CLONES_AT_ONCE)
        await ask({ clone: { image, clones: clones.slice(at, at + CLONES_AT_ONCE) } });
    },
    stop: async () => void (await program.stop(STOP_LIMIT_MS)),
  };
}
