/** The queues. `submissions` and `settlements` hold one job per submission, whose id is the `taskUUID`. */
export const queueNames = { submissions: 'submissions', settlements: 'settlements', maintenance: 'maintenance' } as const;
