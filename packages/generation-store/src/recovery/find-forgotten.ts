import type { Redis } from 'ioredis';
import { z } from 'zod';
import { capsKey } from '../keys.ts';
import { createLuaScript } from '../lua/lua-script.ts';
import { prelude } from '../lua/prelude.ts';
import type { RecordedSubmission } from './remembered.ts';

/**
 * Which of these submissions, of which S3 holds records, Redis has forgotten, or something of. Reads alone.
 * From ARGV[2] on, five for each: generation id, index, n, the round of its newest intent, and "result", "decision" or
 * "amendment" when S3 knows its end. Replies the generation ids, some of them more than once.
 */
const findForgottenScript = createLuaScript(/* lua */ `${prelude}
local forgotten = {}
for at = 2, #ARGV, 5 do
  local id, index, n, round, ended = unpack(ARGV, at, at + 4)
  local submission = redis.pcall('HMGET', submissionKey(id, index, n), 'status', 'round', 'sends')
  -- of one that is no record at all everything is forgotten; whoever brings it back is told its key
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

/** So many are asked for at once: a script is alone on the server. */
const ASKED_AT_ONCE = 200;

/** The generations of which Redis has forgotten something that S3 knows, each once. */
export async function findForgotten(redis: Redis, prefix: string, recorded: readonly RecordedSubmission[]): Promise<string[]> {
  const forgotten = new Set<string>();
  for (let at = 0; at < recorded.length; at += ASKED_AT_ONCE) {
    const asked = recorded.slice(at, at + ASKED_AT_ONCE);
    const reply = await findForgottenScript.run(redis, capsKey(prefix), [
      prefix,
      ...asked.flatMap(({ generationId, index, n, round, end }) => [generationId, index, n, round, end]),
    ]);
    for (const generationId of z.array(z.string()).parse(reply)) forgotten.add(generationId);
  }
  return [...forgotten];
}
