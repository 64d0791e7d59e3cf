import { randomUUID } from 'node:crypto';
import { defaultTiming } from './timing.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/**
 * Bounds on the age of an id that Redis does not know, against Redis time. The date in its S3 keys comes from the id, and the
 * reconciler compares only recent dates; and Redis may have forgotten an older generation, which would then be bought again.
 */
export const GENERATION_ID_AHEAD_MS = 5 * 60_000;
export const GENERATION_ID_MAX_AGE_MS = defaultTiming.horizonMs;

/**
 * Mints a `generationId`: a UUIDv7 (RFC 9562, section 5.7), so that every key in S3 follows from the id alone.
 * @param now Milliseconds since 1970.
 * @param fillRandom Fills the buffer with randomness; the system's by default.
 */
export function createGenerationId(now: number, fillRandom: (bytes: Uint8Array) => Uint8Array = fillFromUuid): string {
  const bytes = Buffer.from(fillRandom(new Uint8Array(16)));
  bytes.writeUIntBE(now, 0, 6);
  bytes[6] = 0x70 | (bytes.readUInt8(6) & 0x0f);
  bytes[8] = 0x80 | (bytes.readUInt8(8) & 0x3f);
  return formatUuid(bytes);
}

/** Fills with the bytes of a random UUID: Node draws those of many at once. Their fixed bits are fixed in each id as well. */
function fillFromUuid(bytes: Uint8Array): Uint8Array {
  bytes.set(Buffer.from(randomUUID().replaceAll('-', ''), 'hex'));
  return bytes;
}

/** True for a UUIDv7 in lower case. */
export const isGenerationId = (value: string): boolean => UUID_V7.test(value);

/** Returns the time in an id, in milliseconds since 1970. */
export const generationIdTime = (generationId: string): number => Number.parseInt(generationId.slice(0, 8) + generationId.slice(9, 13), 16);

/** Writes 16 bytes as a UUID. */
export function formatUuid(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
