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
/** Fields that hold a caller's own words. */
const own: ReadonlySet<string> = new Set(['request', 'metadata', 'tags']);

/** Returns true for an object that is no array. */
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Converts the times of an answer at every depth, but none in a caller's own words. @param convert Gets each text or number of a time. */
export function mapTimes(answer: object, convert: (time: string | number) => string | number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(answer).map(([name, each]: [string, unknown]) => {
      if (own.has(name)) return [name, each];
      if (times.has(name) && (typeof each === 'string' || typeof each === 'number')) return [name, convert(each)];
      if (Array.isArray(each)) return [name, each.map((item: unknown) => (isObject(item) ? mapTimes(item, convert) : item))];
      return [name, isObject(each) ? mapTimes(each, convert) : each];
    }),
  );
}
