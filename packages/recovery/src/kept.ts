import { COMPARED_MS, GENERATION_ID_AHEAD_MS, GENERATION_ID_MAX_AGE_MS, generationIdTime } from '@darkroom/contracts';

/**
 * Age of an id below which its generation was enqueued within `COMPARED_MS`, or not long before. Redis keeps each generation for longer
 * than this after its end (`MIN_RECORD_SECONDS` of the producer), so a missing one was forgotten.
 */
export const KEPT_MS = COMPARED_MS + GENERATION_ID_MAX_AGE_MS - GENERATION_ID_AHEAD_MS;

/**
 * Returns true if Redis must know a generation that was ever enqueued, because it cannot have dropped it yet. The id tells: its time was
 * checked by Redis time. An older missing generation may be over, and a restore would count its money twice.
 * @param now Redis time, in milliseconds since 1970.
 */
export const isCertainlyKept = (generationId: string, now: number): boolean => generationIdTime(generationId) >= now - KEPT_MS;
