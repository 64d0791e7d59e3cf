import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { buildQueueOptions, queueNames } from '@darkroom/queues';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { NOT_SHOWN, showName, showPayload } from './job-view.ts';

/** Titles and descriptions of the queues, for the overview and for the page of each. */
const texts: Readonly<Record<keyof typeof queueNames, { displayName: string; description: string }>> = {
  submissions: {
    displayName: 'Submissions: to buy',
    description:
      'One job for each purchase to send. Delayed: put back because the provider, Redis or S3 failed, or because buying is paused. Pausing this queue stops buying.',
  },
  settlements: {
    displayName: 'Settlements: in flight',
    description:
      'Delayed lists what is in flight: images that were sent to the provider and have not arrived. A delivery wakes its job; Promote checks at once, and changes nothing if the image is not there yet. Pausing this queue leaves paid images where they are.',
  },
  maintenance: {
    displayName: 'Maintenance: repairs',
    description:
      'One job every few minutes: a worker compares jobs, entries, money and S3, and repairs what disagrees. Promote does so at once. The log of that worker and darkroom status show the findings. Pausing this queue stops only the repairs.',
  },
  notifications: {
    displayName: 'Notifications: to receivers',
    description:
      'One job for each event and receiver. Delayed: waits for its next attempt, because the receiver failed or others are ahead; Promote tries at once. Pausing this queue stops all notifications.',
  },
};

/** Opens the queues that the board shows, on a connection that the caller closes. */
export const openQueues = (connection: Redis, prefix: string): Queue[] =>
  Object.values(queueNames).map((name) => {
    const queue = new Queue(name, buildQueueOptions(connection, { prefix, failFast: true }));
    queue.on('error', () => undefined); // each call rejects with its own error
    return queue;
  });

/** Builds the board's view of a queue: shows only the allowed parts of its jobs, and offers no retry of completed ones. */
export function buildAdapter(queue: Queue): BullMQAdapter {
  const name = Object.values(queueNames).find((known) => known === queue.name);
  const options = { ...(name && texts[name]), allowCompletedRetries: false };
  const adapter = new BullMQAdapter(queue, options);
  adapter.setFormatter('name', (job: { name: string; data: unknown }) => showName(job.name, job.data));
  adapter.setFormatter('data', showPayload);
  adapter.setFormatter('returnValue', showPayload);
  adapter.setFormatter('progress', (progress: unknown) =>
    typeof progress === 'number' ? progress : progress === undefined ? 0 : NOT_SHOWN,
  );
  return adapter;
}
