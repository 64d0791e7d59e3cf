/** Returns a time as milliseconds since 1970. */
export const millisecondsOf = (moment: Date | number): number => (moment instanceof Date ? moment.getTime() : moment);

export const isMoment = (moment: Date | number): boolean => {
  const at = millisecondsOf(moment);
  return Number.isSafeInteger(at) && at >= EARLIEST_MOMENT;
};

/** An earlier time was given in seconds, or is another mistake. */
const EARLIEST_MOMENT = Date.UTC(2020, 0, 1);
