import { mapTimes } from '@darkroom/contracts';

/** Writes the times of a value as ISO 8601. */
export const withTimes = (value: object): Record<string, unknown> =>
  mapTimes(value, (time) => (typeof time === 'number' ? new Date(time).toISOString() : time));
