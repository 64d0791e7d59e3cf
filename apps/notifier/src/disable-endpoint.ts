import { MAX_ENDPOINTS, type DisabledReason } from '@darkroom/contracts';
import type { NotificationStore } from '@darkroom/generation-store';

/** Attempts, more than its owner changes an endpoint at the same moment. */
const TRIES = 20;

/**
 * Switches an endpoint off, at once in Redis; a worker records it in S3. A death right after it leaves the change and its note together.
 * @param url Address that failed: the answers of an old one say nothing of the next.
 * @returns false if it was off already, or has another address by now.
 */
export async function disableEndpoint(
  store: Pick<NotificationStore, 'findEndpoint' | 'changeEndpoint'>,
  { id, url }: { id: string; url: string },
  disabledFor: DisabledReason,
  disabledAt: number,
): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const found = await store.findEndpoint(id);
    if (found?.status !== 'enabled' || found.url !== url) return false;
    const { id: _id, revision: known, isRecorded: _isRecorded, ...endpoint } = found;
    const value = { ...endpoint, status: 'disabled' as const, disabledFor, disabledAt };
    if ((await store.changeEndpoint({ id, known, value, most: MAX_ENDPOINTS })) === 'changed') return true;
  }
  throw new Error('a webhook endpoint was changed by others again and again');
}
