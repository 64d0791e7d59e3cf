import { createHmac, timingSafeEqual } from 'node:crypto';
import { isGenerationId } from './generation-id.ts';
import { taskUuidOf, type SubmissionRef } from './submission-ref.ts';

/**
 * A webhook capability: the secret part of a `webhookURL` that names the submission of a delivery. Runware signs nothing; its
 * documentation recommends secrets in the URL's query to tell its deliveries from others (platform/webhooks).
 *
 * Form: `<keyId>.<generationId>.<index>.<n>.<expiry in seconds>.<mac>`; the MAC covers all of it and the task id.
 */

/** Signing keys by id. The first signs and all verify, so that a key can be replaced while deliveries are under way. */
export type CapabilityKeys = readonly [CapabilityKey, ...CapabilityKey[]];
export interface CapabilityKey {
  /** Letters, digits, "-" and "_". */
  id: string;
  /** At least 32 bytes of randomness. */
  secret: string;
}

/** Form of keys in a setting, to follow "must be". */
export const CAPABILITY_KEYS_RULE =
  'keys as id:secret[,id:secret], ids of letters, digits, "-" and "_", each once, secrets of at least 32 characters';

/** Reads keys from the text of a setting; undefined for a text that holds none, or a wrong one. */
export function readCapabilityKeys(text: unknown): CapabilityKeys | undefined {
  if (typeof text !== 'string') return undefined;
  const keys = text.split(',').map(readKey);
  const [first, ...rest] = keys.filter((key) => key !== undefined);
  const isWhole = first !== undefined && rest.length + 1 === keys.length && new Set(keys.map((key) => key?.id)).size === keys.length;
  return isWhole ? [first, ...rest] : undefined;
}

function readKey(pair: string): CapabilityKey | undefined {
  const [, id, secret] = /^([\w-]{1,64}):(\S{32,})$/.exec(pair.trim()) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** Writes the one capability of a key, a submission and an expiry. */
function signCapability(key: CapabilityKey, ref: SubmissionRef, expiresAtSeconds: number): string {
  const mac = createHmac('sha256', key.secret)
    .update(`darkroom/webhook/${key.id}/${ref.generationId}/${ref.index}/${ref.n}/${taskUuidOf(ref)}/${expiresAtSeconds}`)
    .digest('base64url');
  return [key.id, ref.generationId, ref.index, ref.n, expiresAtSeconds, mac].join('.');
}

/**
 * Creates the capability of a submission, signed with the first key.
 * @param expiresAt In milliseconds since 1970; rounded up to the second.
 */
export function mintCapability(keys: CapabilityKeys, ref: SubmissionRef, expiresAt: number): string {
  return signCapability(keys[0], ref, Math.ceil(expiresAt / 1000));
}

export type CapabilityVerdict =
  | { kind: 'valid'; ref: SubmissionRef; taskUUID: string }
  | { kind: 'refused'; reason: 'missing' | 'malformed' | 'unknown-key' | 'forged' | 'expired' };

const FORM = /^([\w-]{1,64})\.([0-9a-f-]{36})\.(\d{1,2})\.(\d{1,4})\.(\d{1,12})\.[\w-]{43}$/;

/**
 * Checks a capability in constant time. Looks at the expiry only after the MAC, so that a forger learns nothing.
 *
 * Compares the whole text with a freshly minted one, not the decoded MAC: base64url leaves two bits of its last character unused and
 * numbers may have leading zeros, so several texts would pass for one capability.
 */
export function checkCapability(keys: CapabilityKeys, capability: string | undefined, now: number): CapabilityVerdict {
  if (capability === undefined || capability === '') return { kind: 'refused', reason: 'missing' };
  const match = FORM.exec(capability);
  if (match === null) return { kind: 'refused', reason: 'malformed' };
  const [, keyId = '', generationId = '', index = '', n = '', expiry = ''] = match;
  if (!isGenerationId(generationId)) return { kind: 'refused', reason: 'malformed' };
  const key = keys.find(({ id }) => id === keyId);
  if (key === undefined) return { kind: 'refused', reason: 'unknown-key' };
  const ref = { generationId, index: Number(index), n: Number(n) };
  const given = Buffer.from(capability);
  const minted = Buffer.from(signCapability(key, ref, Number(expiry)));
  if (given.length !== minted.length || !timingSafeEqual(given, minted)) return { kind: 'refused', reason: 'forged' };
  if (now >= Number(expiry) * 1000) return { kind: 'refused', reason: 'expired' };
  return { kind: 'valid', ref, taskUUID: taskUuidOf(ref) };
}
