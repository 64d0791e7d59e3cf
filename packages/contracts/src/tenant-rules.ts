import { z } from 'zod';

/** Weight of a tenant in the fair line, unless its rules name another. */
export const DEFAULT_TENANT_WEIGHT = 1;
/** Largest weight that an operator may give a tenant: its share is then that many times the share of a tenant without a rule. */
export const MAX_TENANT_WEIGHT = 100;
/** A hundred years: longer than anything that the store has. */
export const MAX_RETAIN_DAYS = 36_500;

const days = z.int().min(1).max(MAX_RETAIN_DAYS);

/** Rules of one tenant, which an operator sets. Absent ones do not apply. */
export const tenantRulesSchema = z.object({
  /** Each request must ask for the content check (`safety.checkContent`). */
  requireSafetyCheck: z.literal(true).optional(),
  /** Images that the content check does not clear are withheld, as with the option `withholdFlagged` of an enqueue. */
  withholdFlagged: z.literal(true).optional(),
  /** Share of the workers, as a multiple of that of a tenant without a rule. */
  weight: z.int().min(1).max(MAX_TENANT_WEIGHT).optional(),
  /** Days after the end of a generation for which its request is kept; absent means without end. */
  retainRequestsDays: days.optional(),
  /** Days after the end of a generation for which its images are kept; absent means without end. */
  retainImagesDays: days.optional(),
});
export type TenantRules = z.infer<typeof tenantRulesSchema>;

/** Rules that are on or off. A change that switches one on restricts: it holds before S3 has it. */
export const tenantSwitches = ['requireSafetyCheck', 'withholdFlagged'] as const satisfies readonly (keyof TenantRules)[];
/** Rules that hold while nothing can tell what an operator has set. */
export const strictestTenantRules = { requireSafetyCheck: true, withholdFlagged: true } as const satisfies TenantRules;
/** Rules that are whole numbers. */
export const tenantNumbers = ['weight', 'retainRequestsDays', 'retainImagesDays'] as const satisfies readonly (keyof TenantRules)[];
const tenantRuleNames = [...tenantSwitches, ...tenantNumbers] as const;

/** Rules of a tenant by name with their new values; null means that the rule does not apply any more. */
export type TenantRulesChange = { [Name in keyof TenantRules]?: TenantRules[Name] | null | undefined };

/** Returns rules with a change made in them. */
export function changeRules(before: TenantRules, change: TenantRulesChange): TenantRules {
  const wanted: TenantRulesChange = { ...before };
  for (const name of tenantRuleNames) if (change[name] !== undefined) Object.assign(wanted, { [name]: change[name] });
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== null && value !== undefined)) as TenantRules; // each rule has its own type
}

/** Returns true if two sets of rules are the same. */
export const areSameRules = (one: TenantRules, other: TenantRules): boolean => tenantRuleNames.every((name) => one[name] === other[name]);

/** Returns true if a change switches a rule off. Weight and retention neither permit nor restrict. */
export const rulesPermitMore = (before: TenantRules, after: TenantRules): boolean =>
  tenantSwitches.some((name) => before[name] === true && after[name] !== true);
