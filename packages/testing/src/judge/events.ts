import { isFinalGeneration } from '@darkroom/contracts';
import type { Evidence } from './evidence.ts';

export const finalStatuses = ['succeeded', 'partial', 'failed', 'cancelled', 'expired'] as const;

/**
 * Finds the ends that no event told: of each submission by the records in S3, and of each generation as Redis shows it. An event may come
 * several times, under the same id. A gap tells a group that was too slow, which none is here. Returns one line for each.
 */
export function findEventsLost({ events, results, generations, orders }: Evidence): string[] {
  if (events === undefined) return [];
  const ordered = new Set(orders.flatMap(({ ids }) => ids));
  const ofSubmissions = [...results.values()]
    .filter(({ generationId }) => ordered.has(generationId))
    .map(({ generationId, index, n, status }) => `${generationId}-${index}-${n}-${status}`)
    .filter((eventId) => !events.has(eventId));
  // A late image may change the status after the end that was told.
  const ofGenerations = Object.entries(generations)
    .filter(
      ([id, generation]) =>
        generation !== null && isFinalGeneration(generation.status) && !finalStatuses.some((status) => events.has(`${id}-${status}`)),
    )
    .map(([id, generation]) => `${id}-${generation?.status ?? ''}`);
  return [...ofSubmissions, ...ofGenerations, ...(events.has('events.gap') ? ['the group was told of a gap'] : [])];
}
