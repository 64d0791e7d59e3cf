import { z } from 'zod';

/**
 * Dates of records of which a rebuild that reads on has not read everything. It has listed all names before it opened the store, and notes
 * the dates with unread generations or past money (`dates` of the hash `reading`). The mark `past:<date>` in the hash `rebuild` ends one
 * (past-dates.ts): its unread generations are back by then, or noted as damaged, and its past money is booked.
 *
 * Replies the dates with a blank between, or all where an earlier version has opened the store. After the prelude.
 */
export const unreadDates = /* lua */ `
local function unreadDates()
  local dates = redis.call('HGET', prefix .. ':reading', 'dates')
  if not dates then return 'all' end
  local left = {}
  for date in string.gmatch(dates, '[^ ]+') do
    if redis.call('HEXISTS', prefix .. ':rebuild', 'past:' .. date) == 0 then left[#left + 1] = date end
  end
  return table.concat(left, ' ')
end
`;

/** Dates with something left to read, the newest first; "all" if Redis does not hold them. */
export type UnreadDates = 'all' | readonly string[];

export const unreadDatesSchema = z.string().transform((text): UnreadDates =>
  text === 'all'
    ? text
    : text
        .split(' ')
        .filter((date) => date !== '')
        .toSorted()
        .toReversed(),
);
