import { z } from 'zod';

/**
 * The Darkroom that owns a bucket. Written once, before the epoch of its store; Redis keeps the id. Redis and bucket belong together
 * only if both hold the same id: two Darkrooms in one bucket would buy and book spend, records and images twice.
 */
export const ownerSchema = z.object({
  version: z.literal(1),
  id: z.uuid(),
  /** Key prefix in Redis. */
  prefix: z.string(),
  /** Redis time of the write, in milliseconds since 1970. */
  at: z.int().min(0),
  /** Epoch of the store for which it was written. */
  epoch: z.string(),
});
export type Owner = z.infer<typeof ownerSchema>;

/** The marks of a store and its bucket, as far as they are known. */
export interface OwnerMarks {
  /** The owner that the bucket names. */
  owner: Owner | undefined;
  /** The owner that Redis knows. */
  ownerId: string | undefined;
  /** True if Redis holds an epoch. */
  isOpen: boolean;
  /** Key prefix of this process. */
  prefix: string;
  /** `DARKROOM_ID`, if it is set. */
  darkroomId: string | undefined;
}

/** Returns in words for an operator why a store and a bucket do not belong together; undefined if nothing says so. */
export function findOwnerDisagreement({ owner, ownerId, isOpen, prefix, darkroomId }: OwnerMarks): string | undefined {
  if (owner !== undefined && owner.prefix !== prefix)
    return `the bucket belongs to the Darkroom of the prefix "${owner.prefix}" (${describeOwner(owner)}), and this process has the prefix "${prefix}": each prefix needs a bucket of its own`;
  for (const [where, id] of [
    ['the bucket', owner?.id],
    ['Redis', ownerId],
  ] as const)
    if (darkroomId !== undefined && id !== undefined && id !== darkroomId)
      return `${where} belongs to the Darkroom ${id}, and DARKROOM_ID names ${darkroomId}`;
  if (!isOpen || ownerId === undefined) return undefined;
  if (owner === undefined)
    return `Redis belongs to the Darkroom ${ownerId}, and the bucket holds no settings/owner.json: it is another bucket, or it was emptied; give the workers the bucket of this Redis`;
  return owner.id === ownerId
    ? undefined
    : `Redis belongs to the Darkroom ${ownerId}, and the bucket to ${describeOwner(owner)}: give the workers the bucket of this Redis, or the Redis of this bucket`;
}

/** Describes an owner for an operator. */
export const describeOwner = ({ id, at }: Owner): string => `the Darkroom ${id}, since ${new Date(at).toISOString()}`;
