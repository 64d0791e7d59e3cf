import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { isTenant, TENANT_RULE } from './tenant.ts';

/**
 * A key of the HTTP API: `dk_<environment>_<id>_<secret><checksum>`. The prefix lets scanners of secrets find it, the checksum tells a
 * mistyped key without a look at Redis. Only the SHA-256 of the text is kept: 256 random bits need no slow hash.
 */

/** Rights of a key: to see, to enqueue and change, to erase. */
export const apiScopes = ['read', 'write', 'erase'] as const;
export type ApiScope = (typeof apiScopes)[number];

const BASE_62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ID_LENGTH = 8;
/** Digits of 32 bytes. */
const SECRET_LENGTH = 43;
/** Digits of a CRC-32. */
const CHECKSUM_LENGTH = 6;
const KEY = /^dk_[a-z][a-z0-9]{0,15}_([0-9A-Za-z]{8})_[0-9A-Za-z]{49}$/;
const KEY_ID = /^[0-9A-Za-z]{8}$/;
const ENVIRONMENT = /^[a-z][a-z0-9]{0,15}$/;
const MAX_NAME_LENGTH = 64;

/** Returns true for the id of a key, the part that may be shown. */
export const isApiKeyId = (value: string): boolean => KEY_ID.test(value);

/** A new key, before its text is shown. */
export interface MintedApiKey {
  id: string;
  /** The whole key. Shown once and kept nowhere. */
  text: string;
  /** SHA-256 of the text, as 64 hexadecimal digits. */
  hash: string;
}

/**
 * Mints a key.
 * @param environment Its second part, such as "live": a word of letters and digits that tells keys of several Darkrooms apart.
 */
export function mintApiKey(environment: string, random: (size: number) => Uint8Array = randomBytes): MintedApiKey {
  if (!ENVIRONMENT.test(environment)) throw new RangeError('the environment of an API key is a word of letters and digits');
  const id = base62(random(ID_LENGTH), ID_LENGTH);
  const body = `dk_${environment}_${id}_${base62(random(32), SECRET_LENGTH)}`;
  const text = `${body}${checksumOf(body)}`;
  return { id, text, hash: hashOf(text) };
}

/** Reads a key as a caller sent it. @returns undefined for a text that is none, or that was mistyped. */
export function parseApiKey(text: string): Omit<MintedApiKey, 'text'> | undefined {
  const [, id] = KEY.exec(text) ?? [];
  if (id === undefined || checksumOf(text.slice(0, -CHECKSUM_LENGTH)) !== text.slice(-CHECKSUM_LENGTH)) return undefined;
  return { id, hash: hashOf(text) };
}

/** Compares two hashes in a time that says nothing about them. */
export const isSameHash = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

const checksumOf = (body: string): string => base62(numberBytes(crc32(body)), CHECKSUM_LENGTH);

function numberBytes(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Writes bytes as a number of so many digits; higher ones fall away. */
function base62(bytes: Uint8Array, digits: number): string {
  let value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  let text = '';
  for (let at = 0; at < digits; at += 1) {
    text = `${BASE_62[Number(value % 62n)] ?? ''}${text}`;
    value /= 62n;
  }
  return text;
}

/** Returns the problem of a name of a key; undefined for a good one. */
export const findApiKeyNameProblem = (name: string): string | undefined =>
  name.length >= 1 && name.length <= MAX_NAME_LENGTH && /\S/.test(name) && !/[\p{Surrogate}\p{Cc}]/u.test(name)
    ? undefined
    : `must have 1 to ${MAX_NAME_LENGTH} characters, not all of them blanks, none a control character`;

/** A key as the stores keep it. */
export const apiKeySchema = z.object({
  tenant: z.string().refine(isTenant, `must be ${TENANT_RULE}`),
  scopes: z.array(z.enum(apiScopes)).min(1),
  /** Words of the operator, by which a list shows it. */
  name: z.string(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** Redis time, in milliseconds since 1970. */
  createdAt: z.int().min(0),
  /** Since then it opens nothing. Absent for a valid key. */
  revokedAt: z.int().min(0).optional(),
});
export type ApiKey = z.infer<typeof apiKeySchema>;

/** One change of a key: `settings/keys/<id>/<revision>.json`, written once. */
export const apiKeyRecordSchema = z.object({
  version: z.literal(1),
  kind: z.literal('keys'),
  id: z.string().refine(isApiKeyId, 'is no id of a key'),
  revision: z.int().min(1),
  after: apiKeySchema,
});
export type ApiKeyRecord = z.infer<typeof apiKeyRecordSchema>;
