import { defined } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { epochKey, ownerClaimKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';

/** Replies Redis time, epoch, id of the owner, and the claimed id and epoch in one text. */
const readOwnershipScript = createLuaScript(/* lua */ `${prelude}
local function at(name) return redis.call('GET', prefix .. name) or nil end
return named({
  now = nowMs(), epoch = epochOf(), ownerId = at(':owner'), claim = at(':owner-claim'),
})
`);

/** Gives an open store without an owner the owner of its bucket. Replies 1, or 0 if it has one or its epoch is another. */
const adoptOwnerScript = createNamedScript(['ofEpoch', 'id'])(/* lua */ `${prelude}
if ofEpoch == '' or epochOf() ~= ofEpoch then return 0 end
if not redis.call('SET', prefix .. ':owner', id, 'NX') then return 0 end
redis.call('DEL', prefix .. ':owner-claim')
return 1
`);

/** Id and epoch that a store without an owner is about to write into its bucket: all its workers write the same. */
export interface OwnerClaim {
  id: string;
  epoch: string;
}

/** The Darkroom of this store, as Redis knows it. */
export interface Ownership {
  /** Redis time, in milliseconds since 1970. */
  now: number;
  /** Absent in a store that is not open. */
  epoch?: string;
  /** Absent in a store that is not open, and in an open one of an earlier version. */
  ownerId?: string;
  claim?: OwnerClaim;
}

const replySchema = namedReply(
  z.object({
    now: number,
    epoch: z.string().optional(),
    ownerId: z.string().optional(),
    claim: z.string().transform(parseClaim).optional(),
  }),
);

/** Reads the owner of the store. */
export const readOwnership = async (redis: Redis, prefix: string): Promise<Ownership> =>
  defined(replySchema.parse(await readOwnershipScript.run(redis, epochKey(prefix), [prefix])));

/**
 * Notes the claim that is about to be written into the bucket.
 * @returns the claim that stands, which may be an earlier one.
 */
export async function claimOwner(redis: Redis, prefix: string, { id, epoch }: OwnerClaim): Promise<OwnerClaim> {
  const text = `${id} ${epoch}`;
  const standing = await redis.set(ownerClaimKey(prefix), text, 'NX').then(() => redis.get(ownerClaimKey(prefix)));
  return parseClaim(standing ?? text);
}

/**
 * Gives an open store its owner.
 * @returns false if it has one already, or its epoch is another.
 */
export const adoptOwner = async (redis: Redis, prefix: string, { id, epoch }: OwnerClaim): Promise<boolean> =>
  (await adoptOwnerScript.run(redis, epochKey(prefix), prefix, { ofEpoch: epoch, id })) === 1;

function parseClaim(text: string): OwnerClaim {
  const [id = '', epoch = ''] = text.split(' ');
  return { id, epoch };
}
