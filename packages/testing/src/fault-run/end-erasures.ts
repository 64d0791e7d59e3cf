import { setTimeout as delay } from 'node:timers/promises';
import { connectPatient } from '@darkroom/generation-store';
import { runApp } from '../fleet/run-app.ts';
import type { Stack } from '../fleet/stack.ts';

const LIMIT_MS = 60_000;
/** A worker may hold the turn; its passes take a second. */
const MOST_PASSES = 10;

/**
 * Brings all erasures of a run to their end: a thorough pass notes those that a Redis which went back has forgotten, and the hour passes after which
 * the eraser comes again.
 */
export async function endErasures({ redis: { url }, prefix, processes }: Stack, signal: AbortSignal): Promise<void> {
  const env = processes.get('worker-0')?.env ?? {};
  for (let tries = 0; tries < MOST_PASSES && !signal.aborted; tries += 1) {
    const { output } = await runApp('cli', ['reconcile'], env);
    if (!output.includes('is reconciling right now')) break;
    await delay(1000);
  }
  const redis = connectPatient(url);
  try {
    const erasures = `${prefix}:erasures`;
    const [seconds] = await redis.time();
    const now = Number(seconds) * 1000;
    for (const id of await redis.zrange(erasures, '0', '-1')) await redis.zadd(erasures, 'XX', now, id);
    const endsAt = performance.now() + LIMIT_MS;
    while (!signal.aborted && performance.now() < endsAt && (await redis.zcount(erasures, '-inf', now + LIMIT_MS)) > 0) await delay(250);
  } finally {
    redis.disconnect();
  }
}
