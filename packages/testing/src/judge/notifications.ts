import { isFinalGeneration } from '@darkroom/contracts';
import { finalStatuses } from './events.ts';
import type { Evidence } from './evidence.ts';

/**
 * Finds the ends of generations that their receiver was not told of, and notifications whose signature was wrong. A notification may come
 * several times, under the same id.
 */
export function findNotificationsLost({ notifications, generations, orders }: Evidence): string[] {
  if (notifications === undefined) return [];
  const lost = orders
    .filter(({ isNotified }) => isNotified === true)
    .flatMap(({ ids }) => [...new Set(ids)])
    .filter((id) => {
      const generation = generations[id];
      // A late image may change the status after the end that was told.
      return generation && isFinalGeneration(generation.status) && !finalStatuses.some((status) => notifications.has(`${id}-${status}`));
    })
    .map((id) => `${id}-${generations[id]?.status ?? ''}`);
  return [...lost, ...[...notifications].filter((line) => line.startsWith('unverified'))];
}
