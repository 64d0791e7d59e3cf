import type { Reading } from '@darkroom/generation-store';
import { agoOf } from './time-words.ts';

/** Says how far a rebuild is that has opened the store and reads on. @param now Milliseconds since 1970. */
export const describeReading = ({ openedAt, total, left }: Reading, now: number): string =>
  `history   IS BEING READ: a rebuild opened the store ${agoOf(openedAt, now)}, and ${left} of ${total} generations that had ended are not read yet. Buying goes on; idempotency keys and ids that are not known yet are refused, and caps count what is unread`;
