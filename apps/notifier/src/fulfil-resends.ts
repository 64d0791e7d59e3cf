import { parseNotificationId } from '@darkroom/contracts';
import { passByCorrupt, type FailedNotification, type NotificationStore, type Resend } from '@darkroom/generation-store';
import type { NotificationJob, Notifications } from '@darkroom/queues';
import type { TellUnreadable } from './tell-unreadable.ts';

const AT_ONCE = 500;

interface ResendParts {
  store: Pick<NotificationStore, 'nextResend' | 'endResend' | 'listFailed' | 'findNotification' | 'readTime'>;
  notifications: Pick<Notifications, 'sendNow'>;
  tellUnreadable: TellUnreadable;
  signal: AbortSignal;
}

/**
 * Sends again what doors have asked for, until nothing is asked. A wish stays until all of its jobs are there, so a death in between repeats
 * a part of it; a job that exists is not added twice.
 * @returns the number of jobs.
 */
export async function fulfilResends(parts: ResendParts): Promise<number> {
  const { store, signal } = parts;
  let count = 0;
  for (;;) {
    const next = signal.aborted ? undefined : await store.nextResend();
    if (next === undefined) return count;
    const { id } = next.resend;
    if (id !== undefined) {
      count += await send(parts, next.resend, [id]);
      await store.endResend(next.entry);
      continue;
    }
    // Up to now, so that one walk does for all wishes that have come meanwhile.
    const resend = { ...next.resend, until: Math.max(next.resend.until, await store.readTime()) };
    for await (const ids of walkFailed(parts, resend)) count += await send(parts, resend, ids);
    if (!signal.aborted) await store.endResend(next.entry, resend.until);
  }
}

/**
 * Walks what has failed by then, the oldest first. A notification leaves its place when its next attempt is noted, and one that fails again comes
 * back with a later time than the wish: so the walk goes by the time of failure, and passes over those of one millisecond that it has seen.
 */
async function* walkFailed({ store, signal }: ResendParts, { endpointId, tenant, since = 0, until }: Resend): AsyncGenerator<string[]> {
  let from = since;
  let seen = new Set<string>();
  while (!signal.aborted) {
    const page: FailedNotification[] = await store.listFailed({ endpointId, tenant, since: from, until, most: AT_ONCE + seen.size });
    const fresh = page.filter(({ id }) => !seen.has(id));
    const last = fresh.at(-1);
    if (last === undefined) return;
    yield fresh.map(({ id }) => id);
    const ofLast = page.filter(({ failedAt }) => failedAt === last.failedAt).map(({ id }) => id);
    seen = new Set(last.failedAt === from ? [...seen, ...ofLast] : ofLast);
    from = last.failedAt;
  }
}

async function send(
  { store, notifications, tellUnreadable }: ResendParts,
  { tenant, until }: Resend,
  ids: readonly string[],
): Promise<number> {
  const jobs = await Promise.all(ids.map((id) => jobOf(store, id, tenant, until, tellUnreadable)));
  await notifications.sendNow(jobs);
  return jobs.length;
}

/** Builds a job. One whose log cannot be read has the time of the wish. */
async function jobOf(
  store: Pick<NotificationStore, 'findNotification'>,
  id: string,
  tenant: string,
  at: number,
  tellUnreadable: TellUnreadable,
): Promise<NotificationJob> {
  const read = parseNotificationId(id) === undefined ? Promise.resolve(undefined) : store.findNotification(id);
  const known = await read.catch((error: unknown) => {
    passByCorrupt(error);
    tellUnreadable(id, error);
    return undefined;
  });
  return { id, tenant, at: known?.eventAt ?? at, attempt: 0 };
}
