import { capNames, DEFAULT_DAILY_CAP_USD, parseUsd, type CapName, type SpendCaps } from '@darkroom/contracts';
import { z } from 'zod';
import { text } from './variables.ts';

const allowed = 'an amount of US dollars such as 25 or 12.50, above 0';

/** Reads an amount as billionths of a US dollar. */
function amount(value: string, context: z.RefinementCtx): number {
  const cap = readUsd(value);
  if (cap !== undefined && cap > 0) return cap;
  context.addIssue({ code: 'custom', message: `must be ${allowed}` });
  return z.NEVER;
}

const cap = () => text(allowed).transform(amount);

/**
 * Reads the spend caps of an environment, and those for a new store, where a daily cap always applies. Only a command changes the caps of
 * an existing store.
 */
export const spendSettings = z
  .object({
    DAILY_CAP_USD: cap().optional(),
    MONTHLY_CAP_USD: cap().optional(),
    TENANT_DAILY_CAP_USD: cap().optional(),
    TENANT_MONTHLY_CAP_USD: cap().optional(),
  })
  .transform((env) => {
    const given: Record<CapName, number | undefined> = {
      allPerDay: env.DAILY_CAP_USD,
      allPerMonth: env.MONTHLY_CAP_USD,
      tenantPerDay: env.TENANT_DAILY_CAP_USD,
      tenantPerMonth: env.TENANT_MONTHLY_CAP_USD,
    };
    const named: Partial<SpendCaps> = {};
    for (const name of capNames) if (given[name] !== undefined) named[name] = given[name];
    return { named, seed: { allPerDay: parseUsd(DEFAULT_DAILY_CAP_USD), ...named } };
  });
export type SpendSettings = z.output<typeof spendSettings>;

function readUsd(value: string): number | undefined {
  try {
    return parseUsd(value.trim());
  } catch {
    return undefined;
  }
}
