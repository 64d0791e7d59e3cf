import { createGenerationId, notificationIdOf } from '@darkroom/contracts';
import { createNotifications, type NotificationJob } from '@darkroom/queues';
import { expect, onTestFinished, test } from 'vitest';
import { fulfilResends } from '../src/fulfil-resends.ts';
import { setup } from './world.ts';

/** Real queue without a consumer, so that what was asked for can be counted. */
async function setupResends() {
  const world = await setup();
  const notifications = createNotifications(world.redis, { prefix: world.prefix });
  onTestFinished(() => notifications.close());
  const endpointId = await world.addEndpoint('https://app.example/hook');
  const fail = async (count: number): Promise<string[]> => {
    const eventAt = await world.notifications.readTime();
    const ids = Array.from({ length: count }, (_, at) =>
      notificationIdOf({ eventId: `${createGenerationId(eventAt + at)}-failed`, endpointId }),
    );
    await Promise.all(ids.map((id) => noteFailure(id, eventAt)));
    return ids;
  };
  const noteFailure = (id: string, eventAt: number) =>
    world.notifications.noteNotification({
      id,
      tenant: 'acme',
      eventAt,
      state: 'failed',
      attempt: { status: 500, ms: 1, fault: 'http-500' },
    });
  const told: string[] = [];
  return {
    ...world,
    queue: notifications,
    endpointId,
    fail,
    noteFailure,
    told,
    fulfil: (sendNow: (jobs: readonly NotificationJob[]) => Promise<void> = notifications.sendNow, store = world.notifications) =>
      fulfilResends({
        store,
        notifications: { sendNow },
        tellUnreadable: (id) => void told.push(id),
        signal: new AbortController().signal,
      }),
  };
}

test('all of more than a thousand failed notifications are sent again, also when those of the first pages fail again meanwhile', async () => {
  const world = await setupResends();
  const now = await world.notifications.readTime();
  const ids = Array.from({ length: 1300 }, (_, at) =>
    notificationIdOf({ eventId: `${createGenerationId(now + at)}-failed`, endpointId: world.endpointId }),
  );
  // As their scripts name them; more than a page in one millisecond.
  const failed = `${world.prefix}:notifications-failed:${world.endpointId}`;
  await world.redis.zadd(failed, ...ids.flatMap((id, at) => [at < 900 ? now - 1000 : now - 900 + (at - 900), id]));
  const until = await world.notifications.readTime();
  await world.notifications.requestResend({ tenant: 'acme', endpointId: world.endpointId, since: 0, until });
  const sent: string[] = [];
  const count = await world.fulfil(async (jobs) => {
    await world.queue.sendNow(jobs);
    for (const { id } of jobs) sent.push(id);
    // as the attempts at them end: the last one fails, the others leave the set
    await world.redis.zrem(failed, ...jobs.slice(0, -1).map(({ id }) => id));
    for (const { id } of jobs.slice(-1)) await world.noteFailure(id, until);
  });
  expect(sent.toSorted()).toEqual(ids.toSorted());
  expect(count).toBe(ids.length);
  const { waiting = 0, delayed = 0, prioritized = 0 } = await world.queue.queue.getJobCounts('waiting', 'delayed', 'prioritized');
  expect(waiting + delayed + prioritized).toBe(ids.length);
  expect(await world.notifications.nextResend()).toBeUndefined();
}, 60_000);

test('one walk does for all wishes for the same endpoint, and for none of another one or for one notification', async () => {
  const world = await setupResends();
  const ids = await world.fail(3);
  const other = await world.addEndpoint('https://app.example/other');
  const until = await world.notifications.readTime();
  const ask = (given: { endpointId?: string; id?: string; since?: number }) =>
    world.notifications.requestResend({ tenant: 'acme', endpointId: world.endpointId, until, since: 1, ...given });
  for (let n = 0; n < 50; n += 1) await ask({});
  await ask({ since: 0 });
  await ask({ endpointId: other });
  await ask({ id: ids[0]! });
  let walks = 0;
  const listFailed: typeof world.notifications.listFailed = (given) => ((walks += 1), world.notifications.listFailed(given));
  expect(await world.fulfil(world.queue.sendNow, { ...world.notifications, listFailed })).toBe(3 + 3 + 1);
  // two pages of the first wish, two of that with an earlier time, one of the other endpoint
  expect(walks).toBe(5);
  expect(await world.notifications.nextResend()).toBeUndefined();
});

test('a notification whose log is damaged keeps no other from being sent again', async () => {
  const world = await setupResends();
  const ids = await world.fail(3);
  await world.redis.set(`${world.prefix}:notification:${ids[1]}`, 'of another type');
  const until = await world.notifications.readTime();
  await world.notifications.requestResend({ tenant: 'acme', endpointId: world.endpointId, since: 0, until });
  await world.redis.rpush(`${world.prefix}:notification-resends`, '{');
  await world.notifications.requestResend({ tenant: 'acme', endpointId: world.endpointId, id: ids[0], until });
  expect(await world.fulfil()).toBe(4);
  expect(world.told).toEqual([ids[1]]);
});
