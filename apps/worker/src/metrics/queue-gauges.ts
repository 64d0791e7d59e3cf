import { defined, formatUsd } from '@darkroom/contracts';
import { holdKinds, standingPauseKinds, waitingStages, type GenerationStore } from '@darkroom/generation-store';
import { countBacklog, createJobCounts, type Settlements, type Submissions } from '@darkroom/queues';
import type { Metrics } from '@darkroom/service-runtime';
import type { Redis } from 'ioredis';

export interface QueueGaugeDependencies {
  connection: Redis;
  submissions: Submissions;
  settlements: Settlements;
  store: Pick<
    GenerationStore,
    | 'findLastPass'
    | 'findReading'
    | 'findTrouble'
    | 'heldWorkers'
    | 'oldestWaiting'
    | 'pauses'
    | 'readSpend'
    | 'readOpenImages'
    | 'readTasksAtProvider'
    | 'readUnknown'
  >;
  now: () => number;
}

/**
 * Returns how many waiting submissions the fleet may send now: none while buying is paused, one while the provider is in trouble,
 * otherwise one for each free place at the provider. More workers would not send more.
 */
async function countSendable(store: QueueGaugeDependencies['store']): Promise<number> {
  const [pauses, trouble, { count, limit }] = await Promise.all([store.pauses(), store.findTrouble(), store.readTasksAtProvider()]);
  return pauses.length > 0 ? 0 : trouble !== undefined ? 1 : Math.max(0, limit - count);
}

/** Adds gauges of the queues. Every worker of a fleet reports the same values, so a chart takes the maximum and not the sum. */
export function addQueueGauges(metrics: Metrics, { connection, submissions, settlements, store, now }: QueueGaugeDependencies): void {
  const jobCounts = createJobCounts([submissions.queue, settlements.queue], () => performance.now());
  metrics.readGauge({ name: 'darkroom_jobs', help: 'Jobs by queue and state.', labels: ['queue', 'state'] }, async () =>
    (await jobCounts.read()).flatMap(({ queue, states }) =>
      Object.entries(states).map(([state, value]) => ({ labels: { queue, state }, value })),
    ),
  );
  metrics.readGauge(
    { name: 'darkroom_backlog', help: 'Submissions that the fleet is sending or could send now; for autoscaling.' },
    async () => [{ labels: {}, value: await countBacklog(connection, submissions.queue, now(), await countSendable(store)) }],
  );
  metrics.readGauge(
    {
      name: 'darkroom_oldest_waiting_seconds',
      help: 'Time for which the oldest generation waits, by stage: nothing of it is sent yet (queued), or something is (running); 0 without one.',
      labels: ['stage'],
    },
    async () => {
      const waiting = await store.oldestWaiting();
      return waitingStages.map((stage) => ({ labels: { stage }, value: waiting[stage] / 1000 }));
    },
  );
  metrics.readGauge(
    { name: 'darkroom_outcomes_unknown', help: 'Submissions with an unknown outcome, whose money is on hold.' },
    async () => [{ labels: {}, value: (await store.readUnknown(0)).count }],
  );
  metrics.readGauge(
    {
      name: 'darkroom_spend_usd',
      help: 'Money of all tenants in this period: spent, held, and the cap if there is one.',
      labels: ['period', 'part'],
    },
    async () =>
      (await store.readSpend()).flatMap(({ name, capNanoUsd, reservedNanoUsd, settledNanoUsd }) => {
        const parts = { spent: settledNanoUsd, held: reservedNanoUsd, ...defined({ cap: capNanoUsd }) };
        const period = name.includes(':day:') ? 'day' : 'month';
        return Object.entries(parts).map(([part, nanoUsd]) => ({ labels: { period, part }, value: Number(formatUsd(nanoUsd)) }));
      }),
  );
  metrics.readGauge(
    { name: 'darkroom_reconciled_time_seconds', help: 'Time at which the last pass of the reconciler ended, in seconds since 1970.' },
    async () => {
      const pass = await store.findLastPass();
      return pass === undefined ? [] : [{ labels: {}, value: pass.endedAt / 1000 }];
    },
  );
  metrics.readGauge(
    {
      name: 'darkroom_history_reading_seconds',
      help: 'Time since a rebuild opened the store, while not everything is read, else 0.',
    },
    async () => {
      const reading = await store.findReading();
      return [{ labels: {}, value: reading === undefined ? 0 : Math.max(0, now() - reading.openedAt) / 1000 }];
    },
  );
  metrics.readGauge(
    { name: 'darkroom_buying_paused', help: '1 while buying is paused for this reason, else 0.', labels: ['kind'] },
    async () => {
      const standing = await store.pauses();
      return standingPauseKinds.map((kind) => ({ labels: { kind }, value: standing.some((pause) => pause.kind === kind) ? 1 : 0 }));
    },
  );
  metrics.readGauge(
    {
      name: 'darkroom_tasks_at_provider',
      help: 'Tasks that the fleet has under way at the provider, and how many it may have.',
      labels: ['part'],
    },
    async () => {
      const { count, limit } = await store.readTasksAtProvider();
      return Object.entries({ count, limit }).map(([part, value]) => ({ labels: { part }, value }));
    },
  );
  metrics.readGauge(
    {
      name: 'darkroom_open_images',
      help: 'Images of all tenants that are open, and how many may be if there is a bound.',
      labels: ['part'],
    },
    async () => {
      const { count, limit } = await store.readOpenImages();
      return Object.entries({ count, ...(limit > 0 && { limit }) }).map(([part, value]) => ({ labels: { part }, value }));
    },
  );
  metrics.readGauge(
    {
      name: 'darkroom_workers_held',
      help: 'Workers that buy nothing: the provider refuses them, or another server answers.',
      labels: ['kind'],
    },
    async () => {
      const held = await store.heldWorkers();
      return holdKinds.map((kind) => ({ labels: { kind }, value: held.filter((worker) => worker.kind === kind).length }));
    },
  );
  metrics.readGauge(
    { name: 'darkroom_provider_failures', help: 'Failed sends in a row while the fleet sends only one trial request at a time, else 0.' },
    async () => [{ labels: {}, value: (await store.findTrouble())?.failures ?? 0 }],
  );
}
