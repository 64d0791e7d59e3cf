import type { Problem } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { capsKey } from '../keys.ts';
import { imageRules } from '../lua/image-rules.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { flag, namedReply } from '../lua/named.ts';
import { prelude } from '../lua/prelude.ts';

const readScript = createNamedScript(['tenant'])(/* lua */ `${prelude}${imageRules}
local requires, withholds = imageRulesOf(tenant)
return named({ requireSafetyCheck = requires, withholdFlagged = withholds })
`);

const rulesSchema = namedReply(z.object({ requireSafetyCheck: flag, withholdFlagged: flag }));
/** Rules of a tenant about its images. */
export type ImageRules = z.infer<typeof rulesSchema>;
export const imageRuleNames = ['requireSafetyCheck', 'withholdFlagged'] as const satisfies readonly (keyof ImageRules)[];
export type ImageRuleName = (typeof imageRuleNames)[number];

/** Reads the rules of a tenant about its images, as the scripts apply them. */
export const readImageRules = async (redis: Redis, prefix: string, tenant: string): Promise<ImageRules> =>
  rulesSchema.parse(await readScript.run(redis, capsKey(prefix), prefix, { tenant }));

const words: Readonly<Record<ImageRuleName, string>> = {
  requireSafetyCheck: 'an operator requires the content check',
  withholdFlagged: 'an operator has images withheld that the content check does not clear',
};

/** Returns the problem of a request that asks for no content check, against a rule of its tenant. */
export const uncheckedProblem = (rule: ImageRuleName, tenant: string): Problem => ({
  path: 'safety.checkContent',
  message: `must be true: ${words[rule]} for tenant "${tenant}"`,
});
