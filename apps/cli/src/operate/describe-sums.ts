import type { SumsSearch } from '@darkroom/recovery';

const reasons: Readonly<Record<keyof SumsSearch['passedBy'], string>> = {
  corrupt: 'corrupt, or on top of a corrupt object',
  ahead: 'written by a clock that was ahead of Redis time',
  'clock-set': 'written before the clock of S3 was set',
};

/** Says which sums of the ledger a rebuild uses if it could not use the newest, and why it opens the store late if it could use none. */
export function describeSums({ found, passedBy }: SumsSearch): string[] {
  const passed = Object.entries(reasons).flatMap(([why, words]) => {
    const sums = passedBy[why as keyof SumsSearch['passedBy']]; // one of its own names
    return sums === undefined ? [] : [`'${sums.key}'${sums.count > 1 ? ` and ${sums.count - 1} more` : ''} (${words})`];
  });
  const except = passed.length === 0 ? '' : `; passed by: ${passed.join('; ')}`;
  if (found !== undefined)
    return passed.length === 0 ? [] : [`sums      those of ${new Date(found.at).toISOString()} bound what is unread${except}`];
  return [`sums      S3 holds none that can be used, so the store opens when everything is read${except}`];
}
