import { COMPARED_MS, GENERATION_ID_AHEAD_MS, GENERATION_ID_MAX_AGE_MS, generationIdTime } from '@darkroom/contracts';

/**
 * A generation whose id is younger was enqueued within `COMPARED_MS`, or not long before. Redis keeps each for longer than this after its
 * end (`MIN_RECORD_SECONDS` of the producer), so that one that is missing was forgotten.
 */
export const KEPT_MS = COMPARED_MS + GENERATION_ID_MAX_AGE_MS - GENERATION_ID_AHEAD_MS;

/**
 * Whether Redis must know a generation that was ever enqueued, as it cannot have let go of it yet. The id tells, whose time was
 * checked by Redis time; an older one that is missing may be over, and its money would be counted twice if it were brought back.
 * @param now Redis time, in milliseconds since 1970.
 */
export const isCertainlyKept = (generationId: string, now: number): boolean => generationIdTime(generationId) >= now - KEPT_MS;
