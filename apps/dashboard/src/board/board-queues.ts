import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { buildQueueOptions, queueNames } from '@darkroom/queues';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { NOT_SHOWN, showName, showPayload } from './job-view.ts';

/** What the overview and the page of a queue say of it. */
const texts: Readonly<Record<keyof typeof queueNames, { displayName: string; description: string }>> = {
  submissions: {
    displayName: 'Submissions: to buy',
    description:
      'One job for each purchase that is to be sent. Delayed: put back because the provider, Redis or S3 was in trouble, or because buying is paused. Pausing this queue stops buying.',
  },
  settlements: {
    displayName: 'Settlements: in flight',
    description:
      'Delayed is what is in flight: images that were sent to the provider and are waited for. A delivery wakes its job; Promote looks at once, and changes nothing if the image is not there yet. Pausing this queue leaves images that are paid for where they are.',
  },
  maintenance: {
    displayName: 'Maintenance: repairs',
    description:
      'One job, which comes every few minutes: a worker compares jobs, entries, money and S3, and repairs what disagrees. Promote does so at once. What it found is in the log of that worker and in darkroom status. Pausing this queue stops repairs, and nothing else.',
  },
};

/** Opens the queues that the board shows, on a connection that stays its caller's to close. */
export const openQueues = (connection: Redis, prefix: string): Queue[] =>
  Object.values(queueNames).map((name) => {
    const queue = new Queue(name, buildQueueOptions(connection, { prefix, failFast: true }));
    queue.on('error', () => undefined); // every call reports to its own caller
    return queue;
  });

/** A queue as the board shows it: what a person may see of its jobs, and no retry of what has succeeded. */
export function buildAdapter(queue: Queue): BullMQAdapter {
  const name = Object.values(queueNames).find((known) => known === queue.name);
  const options = { ...(name === undefined ? {} : texts[name]), allowCompletedRetries: false };
  const adapter = new BullMQAdapter(queue, options);
  adapter.setFormatter('name', (job: { name: string; data: unknown }) => showName(job.name, job.data));
  adapter.setFormatter('data', showPayload);
  adapter.setFormatter('returnValue', showPayload);
  adapter.setFormatter('progress', (progress: unknown) =>
    typeof progress === 'number' ? progress : progress === undefined ? 0 : NOT_SHOWN,
  );
  return adapter;
}
