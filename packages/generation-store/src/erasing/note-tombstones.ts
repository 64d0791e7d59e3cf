import type { Redis } from 'ioredis';
import { z } from 'zod';
import { erasuresKey } from '../keys.ts';
import { erasures } from '../lua/erasures.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { prelude } from '../lua/prelude.ts';

/** Puts erased generations of whose erasure Redis knows nothing on the list of the eraser. Replies them. */
const noteScript = createLuaScript(/* lua */ `${prelude}${erasures}
local now, noted = nowMs(), {}
for at = 2, #ARGV, 2 do
  local id, erasedAt = ARGV[at], ARGV[at + 1]
  local tenant = redis.pcall('HGET', prefix .. ':generation:' .. id, 'tenant')
  if noteTombstone(id, type(tenant) == 'string' and tenant or '', erasedAt, now) == 1 then noted[#noted + 1] = id end
end
return noted
`);

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
        ...tombstones.flatMap(({ generationId, erasedAt }) => [generationId, erasedAt]),
      ]),
    );
