import { setTimeout as delay } from 'node:timers/promises';
import type { Contestant } from '../contestants/contestant.ts';

/** Queues so many images one by one, at a rate. Late ones follow at once. */
export async function enqueueAtRate(contestant: Contestant, perSecond: number, images: number): Promise<void> {
  const startedAt = performance.now();
  for (let at = 0; at < images; at += 1) {
    const dueInMs = startedAt + (at * 1000) / perSecond - performance.now();
    if (dueInMs > 0) await delay(dueInMs);
    await contestant.enqueueOne();
  }
}
