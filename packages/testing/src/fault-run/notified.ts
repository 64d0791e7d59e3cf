import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { deriveWebhookSecret, readCapabilityKeys, REQUESTS_ENDPOINT, verifyWebhook, type NotificationPayload } from '@darkroom/contracts';
import { connectPatient } from '@darkroom/generation-store';
import { eventually } from '../eventually.ts';
import type { Stack } from '../fleet/stack.ts';
import { NOTIFICATIONS_FILE } from '../judge/evidence.ts';
import { createDraws } from '../named-draws.ts';
import { untilCaughtUp } from './consume-events.ts';

/** Name of the notifier among the processes of a run. */
export const NOTIFIER = 'notifier';
/** Time in which all notifications must have been sent after the last fault. */
const SENT_WITHIN_MS = 60_000;

/** The receiver that the requests of a run name. */
export interface Notified {
  readonly url: string;
  /** Attempts so far. */
  attempts(): number;
  /** Waits until the notifier has read every event and no notification waits. What is missing by then is counted by the judge. */
  finish(stack: Pick<Stack, 'redis' | 'prefix'>): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a receiver that writes down the id of each notification that it takes, once its signature is verified. Now and then it fails, does
 * not answer, or dies between what it keeps and its answer.
 * @param keys In the form of NOTIFICATION_KEYS.
 */
export async function startNotified(directory: string, seed: number, keys: string): Promise<Notified> {
  const [key] = readCapabilityKeys(keys) ?? [];
  if (key === undefined) throw new RangeError('the keys of notifications are in another form');
  const file = join(directory, NOTIFICATIONS_FILE);
  const draws = createDraws(seed, 'receiver of notifications');
  let attempts = 0;
  appendFileSync(file, '');
  const server = createServer((request, response) => {
    const turn = draws.of((attempts += 1)).pickWeighted('turn', [
      [80, 'takes'],
      [10, 'fails'],
      [4, 'is silent'],
      [6, 'dies before its answer'],
    ]);
    void text(request).then(
      (body) => {
        if (turn === 'is silent') return;
        if (turn === 'fails') return void response.writeHead(503).end();
        appendFileSync(file, `${read(body, request.headers)}\n`);
        if (turn === 'dies before its answer') return void request.socket.destroy();
        response.writeHead(204).end();
      },
      () => undefined,
    ); // a notifier that died in the middle of its request
  });

  function read(body: string, headers: Parameters<typeof verifyWebhook>[1]): string {
    const { tenant = '' } = (JSON.parse(body) as Partial<NotificationPayload>).data ?? {};
    try {
      return verifyWebhook(body, headers, deriveWebhookSecret(key!, { tenant, endpointId: REQUESTS_ENDPOINT, version: 1 })).data.eventId; // found above
    } catch (error) {
      return `unverified: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`,
    attempts: () => attempts,
    async finish({ redis, prefix }) {
      await untilCaughtUp(redis.url, prefix, NOTIFIER).catch(() => undefined);
      await untilAllSent(redis.url, prefix).catch(() => undefined);
    },
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function untilAllSent(redisUrl: string, prefix: string): Promise<void> {
  const redis = connectPatient(redisUrl);
  const queue = `${prefix}:notifications`;
  try {
    await eventually(
      async () => {
        const counts = await Promise.all([
          redis.llen(`${queue}:wait`),
          redis.llen(`${queue}:active`),
          redis.zcard(`${queue}:prioritized`),
          redis.zcard(`${queue}:delayed`),
        ]);
        const left = counts.reduce((sum, count) => sum + count, 0);
        if (left > 0) throw new Error(`${left} notifications are not sent`);
      },
      { withinMs: SENT_WITHIN_MS, everyMs: 100 },
    );
  } finally {
    redis.disconnect();
  }
}
