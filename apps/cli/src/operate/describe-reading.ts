import type { Reading } from '@darkroom/generation-store';
import { agoOf } from './time-words.ts';

/** Describes the progress of a rebuild that has opened the store and reads on. @param now Milliseconds since 1970. */
export const describeReading = ({ openedAt, total, left, dates }: Reading, now: number): string =>
  `history   IS BEING READ: a rebuild opened the store ${agoOf(openedAt, now)}, and ${left} of ${total} generations that had ended${dates === 'all' ? '' : ` and the records of ${dates.length} dates`} are not read yet. Workers buy; unknown idempotency keys and ids are refused, and caps count the unread money`;
