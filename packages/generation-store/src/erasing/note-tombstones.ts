import type { Redis } from 'ioredis';
import { z } from 'zod';
import { erasuresKey } from '../keys.ts';
import { erasures } from '../lua/erasures.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { nameArguments } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';

const tombstone = nameArguments(['id', 'erasedAt']);
const leftTombstone = nameArguments(['id', 'erasedAt', 'hasImages']);

/** Puts erased generations of whose erasure Redis knows nothing on the list of the eraser. Replies them. */
const noteScript = createLuaScript(/* lua */ `${prelude}${erasures}
local now, noted = nowMs(), {}
${tombstone.each()}
  local tenant = redis.pcall('HGET', prefix .. ':generation:' .. id, 'tenant')
  if noteTombstone(id, type(tenant) == 'string' and tenant or '', erasedAt, now) == 1 then noted[#noted + 1] = id end
end
return noted
`);

/**
 * Puts erased generations on the list of the eraser beside which something is left: an image, or an entry that does not know of its erasure.
 * Replies them.
 */
const noteLeftScript = createLuaScript(/* lua */ `${prelude}${erasures}
local now, noted = nowMs(), {}
${leftTombstone.each()}
  local entry = redis.pcall('HMGET', prefix .. ':generation:' .. id, 'tenant', 'erasedAt')
  local isLeft = hasImages == '1' or not entry.err and entry[1] and not entry[2]
  if isLeft and noteTombstone(id, not entry.err and entry[1] or '', erasedAt, now) == 1 then noted[#noted + 1] = id end
end
return noted
`);

/** A tombstone as S3 tells of it. */
export interface StandingTombstone {
  generationId: string;
  erasedAt: number;
  /** True if images lie beside it which it does not keep. */
  hasImages: boolean;
}

/** Puts erased generations on the list of the eraser beside which something is left in S3 or Redis. @returns their ids. */
export const noteLeftTombstones = async (redis: Redis, prefix: string, tombstones: readonly StandingTombstone[]): Promise<string[]> =>
  z
    .array(z.string())
    .parse(
      await noteLeftScript.run(redis, erasuresKey(prefix), [
        prefix,
        ...tombstones.flatMap(({ generationId, erasedAt, hasImages }) =>
          leftTombstone.list({ id: generationId, erasedAt, hasImages: hasImages ? 1 : 0 }),
        ),
      ]),
    );

/** Puts erased generations of whose erasure Redis knows nothing on the list of the eraser. @returns their ids. */
export const noteTombstones = async (
  redis: Redis,
  prefix: string,
  tombstones: readonly { generationId: string; erasedAt: number }[],
): Promise<string[]> =>
  z
    .array(z.string())
    .parse(
      await noteScript.run(redis, erasuresKey(prefix), [
        prefix,
        ...tombstones.flatMap(({ generationId, erasedAt }) => tombstone.list({ id: generationId, erasedAt })),
      ]),
    );
