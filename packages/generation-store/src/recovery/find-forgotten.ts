import type { Redis } from 'ioredis';
import { z } from 'zod';
import { capsKey, nameRef } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { nameArguments } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import type { RecordedSubmission } from './remembered.ts';

const given = nameArguments(['id', 'index', 'n', 'round', 'ended']);

/**
 * Finds the submissions with records in S3 of which Redis has forgotten something. Only reads. A group for each: `round` is that of its
 * newest intent, `ended` the record of its end, if S3 has one. Replies the generation ids, some of them more than once.
 */
const findForgottenScript = createLuaScript(/* lua */ `${prelude}
local forgotten = {}
${given.each()}
  local submission = redis.pcall('HMGET', submissionKey(id, index, n), 'status', 'round', 'sends')
  -- a key of another type counts as forgotten; the restore that follows names it
  local status = submission[1]
  local isOver = status == 'succeeded' or status == 'failed' or status == 'lost' or status == 'unknown'
  if not status
    or redis.call('EXISTS', prefix .. ':generation:' .. id) == 0
    or status == 'planned' and (tonumber(submission[2] or '') or 0) <= tonumber(round)
    or status == 'committed' and (tonumber(submission[2] or '') or 0) < tonumber(round)
    or status == 'failed' and submission[3] == '0'
    or ended == 'result' and not isOver
    or ended == 'decision' and status == 'unknown'
    or ended == 'amendment' and status ~= 'succeeded'
  then
    forgotten[#forgotten + 1] = id
  end
end
return forgotten
`);

/** Submissions in one call: a script blocks the server. */
const ASKED_AT_ONCE = 200;

/** Returns the generations of which Redis has forgotten something that S3 knows, each once. */
export async function findForgotten(redis: Redis, prefix: string, recorded: readonly RecordedSubmission[]): Promise<string[]> {
  const forgotten = new Set<string>();
  for (let at = 0; at < recorded.length; at += ASKED_AT_ONCE) {
    const asked = recorded.slice(at, at + ASKED_AT_ONCE);
    const reply = await findForgottenScript.run(redis, capsKey(prefix), [
      prefix,
      ...asked.flatMap(({ round, end, ...ref }) => given.list({ ...nameRef(ref), round, ended: end })),
    ]);
    for (const generationId of z.array(z.string()).parse(reply)) forgotten.add(generationId);
  }
  return [...forgotten];
}
