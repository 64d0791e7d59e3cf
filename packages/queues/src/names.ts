/**
 * The queues. `submissions` and `settlements` hold one job per submission, whose id is the `taskUUID`; `notifications` one per event and
 * endpoint.
 */
export const queueNames = {
  submissions: 'submissions',
  settlements: 'settlements',
  maintenance: 'maintenance',
  notifications: 'notifications',
} as const;
