import { defined, timelineSteps, type SubmissionTimeline, type TimelineStep } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { generationKey } from '../keys.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { namedReply, number } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';
import { FIRST_STEPS } from '../lua/timeline.ts';
import { isWhyUnknown, unreadError } from './unread.ts';

/** Replies the timelines of a generation of a tenant ('' for any); nil without one, or why it may have been bought nevertheless. */
const timelineScript = createNamedScript(['id', 'tenant'])(/* lua */ `${prelude}
local generation, known = hash(KEYS[1])
if not known then return whyUnknown(id) end
if tenant ~= '' and generation.tenant ~= tenant then return false end
soundGeneration(KEYS[1], generation)
local all = {}
for index = 0, tonumber(generation.images) - 1 do
  for n = 1, tonumber(generation['latest:' .. index]) do
    local text = redis.pcall('GET', submissionKey(id, index, n) .. ':timeline')
    all[#all + 1] = named({ index = index, n = n, text = type(text) == 'string' and text or nil })
  end
end
return all
`);

const stepSchema = z.object({
  at: number.pipe(z.int()),
  step: z.enum(timelineSteps),
  number: number.pipe(z.int()).optional(),
  code: z.string().optional(),
});
const replySchema = z.array(namedReply(z.object({ index: number, n: number, text: z.string().default('') })));

/**
 * Reads the timelines of all submissions of a generation, by image and number. One that an earlier version made has no steps before the first
 * that this version noted.
 * @param tenant Finds generations of this tenant alone.
 * @returns undefined without such a generation.
 */
export async function findTimeline(
  redis: Redis,
  prefix: string,
  generationId: string,
  tenant?: string,
): Promise<SubmissionTimeline[] | undefined> {
  const reply = await timelineScript.run(redis, generationKey(prefix, generationId), prefix, { id: generationId, tenant });
  if (reply === null) return undefined;
  if (isWhyUnknown(reply)) throw unreadError(generationId, reply);
  return replySchema.parse(reply).map(({ index, n, text }) => {
    const parts = text.split(';').slice(0, -1);
    const omitted = Number(/^(\d+) omitted$/.exec(parts[FIRST_STEPS] ?? '')?.[1] ?? 0);
    return { index, n, steps: parts.flatMap(parseStep), omitted };
  });
}

/** Parses a step; none for the mark of omitted ones, and for a step of a later version. */
function parseStep(part: string): TimelineStep[] {
  const [at, step, ...details] = part.split(' ');
  const isNumber = (detail: string): boolean => /^\d+$/.test(detail);
  const parsed = stepSchema.safeParse({ at, step, number: details.find(isNumber), code: details.find((detail) => !isNumber(detail)) });
  return parsed.success ? [defined(parsed.data)] : [];
}
