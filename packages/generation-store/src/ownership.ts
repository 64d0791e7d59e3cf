import type { Redis } from 'ioredis';
import { z } from 'zod';
import { epochKey, ownerClaimKey } from './keys.ts';
import { adoptOwnerScript, readOwnershipScript } from './scripts/ownership.ts';

/** Id and epoch that a store without an owner is about to write into its bucket: all its workers write the same. */
export interface OwnerClaim {
  id: string;
  epoch: string;
}

/** What Redis knows of the Darkroom that it belongs to. */
export interface Ownership {
  /** Redis time, in milliseconds since 1970. */
  now: number;
  /** Absent in a store that is not open. */
  epoch?: string;
  /** Absent in a store that is not open, and in an open one that an earlier version made. */
  ownerId?: string;
  claim?: OwnerClaim;
}

const replySchema = z.tuple([z.coerce.number(), z.string(), z.string(), z.string()]);

export async function readOwnership(redis: Redis, prefix: string): Promise<Ownership> {
  const [now, epoch, ownerId, claim] = replySchema.parse(await readOwnershipScript.run(redis, epochKey(prefix), [prefix]));
  return {
    now,
    ...(epoch === '' ? {} : { epoch }),
    ...(ownerId === '' ? {} : { ownerId }),
    ...(claim === '' ? {} : { claim: parseClaim(claim) }),
  };
}

/** Notes what is about to be written into the bucket. @returns the claim that stands, which may be an earlier one. */
export async function claimOwner(redis: Redis, prefix: string, { id, epoch }: OwnerClaim): Promise<OwnerClaim> {
  const text = `${id} ${epoch}`;
  const standing = await redis.set(ownerClaimKey(prefix), text, 'NX').then(() => redis.get(ownerClaimKey(prefix)));
  return parseClaim(standing ?? text);
}

/** Gives an open store its owner. @returns false when it has one already, or its epoch is another. */
export const adoptOwner = async (redis: Redis, prefix: string, { id, epoch }: OwnerClaim): Promise<boolean> =>
  (await adoptOwnerScript.run(redis, epochKey(prefix), [prefix, epoch, id])) === 1;

function parseClaim(text: string): OwnerClaim {
  const [id = '', epoch = ''] = text.split(' ');
  return { id, epoch };
}
