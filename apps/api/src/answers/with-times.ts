/** Names of all times in answers. In the library they are milliseconds since 1970, in HTTP ISO 8601. */
const times: ReadonlySet<string> = new Set([
  'createdAt',
  'finishedAt',
  'deadlineAt',
  'runAt',
  'settledAt',
  'estimatedStartAt',
  'requestedAt',
  'requestErasedAt',
  'erasedAt',
  'sweptUntil',
  'resetsAt',
  'at',
  'until',
  'eventAt',
  'disabledAt',
  'oldSecretUntil',
]);

/** Writes the times of a value as ISO 8601, at every depth but in the caller's own words. */
export function withTimes(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, each]: [string, unknown]) => {
      if (name === 'request' || name === 'metadata' || name === 'tags') return [name, each];
      if (times.has(name) && typeof each === 'number') return [name, new Date(each).toISOString()];
      if (Array.isArray(each)) return [name, each.map((item: unknown) => (isObject(item) ? withTimes(item) : item))];
      return [name, isObject(each) ? withTimes(each) : each];
    }),
  );
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
