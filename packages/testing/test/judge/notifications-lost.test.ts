import { expect, test } from 'vitest';
import { findNotificationsLost } from '../../src/judge/notifications.ts';
import { createHistory } from './history.ts';

/** A bought image, and the ids of the notifications that its receiver took. */
async function lostOf(took: (generationId: string) => string[] | undefined, isNotified = true) {
  const history = createHistory();
  const ref = history.order();
  history.bought(ref);
  const { evidence } = await history.judge();
  const ids = took(ref.generationId);
  const orders = evidence.orders.map((order) => ({ ...order, isNotified }));
  return {
    lost: findNotificationsLost({ ...evidence, orders, ...(ids && { notifications: new Set(ids) }) }),
    generationId: ref.generationId,
  };
}

test('an end is told, once or more', async () => {
  expect((await lostOf((id) => [`${id}-succeeded`])).lost).toEqual([]);
});

test('an end of which no receiver was told is lost, even if another one was', async () => {
  const { lost, generationId } = await lostOf(() => ['another-succeeded']);
  expect(lost).toEqual([`${generationId}-succeeded`]);
});

test('a notification that cannot be verified is a finding', async () => {
  expect((await lostOf((id) => [`${id}-succeeded`, 'unverified: it is forged'])).lost).toEqual(['unverified: it is forged']);
});

test('a request without a receiver, and a run without one, miss nothing', async () => {
  expect((await lostOf(() => [], false)).lost).toEqual([]);
  expect((await lostOf(() => undefined)).lost).toEqual([]);
});
