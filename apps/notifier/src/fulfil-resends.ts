import { parseNotificationId } from '@darkroom/contracts';
import type { NotificationStore } from '@darkroom/generation-store';
import type { NotificationJob, Notifications } from '@darkroom/queues';
import { ifDamaged } from './fan-out.ts';

const AT_ONCE = 500;

/**
 * Sends again what doors have asked for, until nothing is asked. A wish stays until all of its jobs are there, so a death in between repeats
 * a part of it; a job that exists is not added twice.
 * @returns the number of jobs.
 */
export async function fulfilResends(
  store: Pick<NotificationStore, 'nextResend' | 'endResend' | 'listFailed' | 'findNotification'>,
  notifications: Pick<Notifications, 'sendNow'>,
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  for (;;) {
    const next = signal.aborted ? undefined : await store.nextResend();
    if (next === undefined) return count;
    const { tenant, endpointId, id, since = 0, until } = next.resend;
    const send = async (ids: readonly string[]): Promise<void> => {
      const jobs = await Promise.all(ids.map((each) => jobOf(store, each, tenant, until)));
      await notifications.sendNow(jobs);
      count += jobs.length;
    };
    if (id !== undefined) await send([id]);
    else {
      // A notification leaves the set when its next attempt is noted, so the walk goes by time and not by place.
      let from = since;
      for (let last = ''; !signal.aborted;) {
        const ids = await store.listFailed({ endpointId, tenant, since: from, until, most: AT_ONCE });
        if (ids.length === 0 || ids.at(-1) === last) break;
        await send(ids);
        if (ids.length < AT_ONCE) break;
        last = ids.at(-1) ?? '';
        from = await failedAt(store, last, from);
      }
    }
    if (!signal.aborted) await store.endResend(next.entry);
  }
}

const failedAt = async (store: Pick<NotificationStore, 'findNotification'>, id: string, otherwise: number): Promise<number> =>
  (await store.findNotification(id).catch(ifDamaged))?.log.at(-1)?.at ?? otherwise;

async function jobOf(store: Pick<NotificationStore, 'findNotification'>, id: string, tenant: string, at: number): Promise<NotificationJob> {
  const known = parseNotificationId(id) === undefined ? undefined : await store.findNotification(id).catch(ifDamaged);
  return { id, tenant, at: known?.eventAt ?? at, attempt: 0 };
}
