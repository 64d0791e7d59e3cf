import { DEFAULT_DAILY_CAP_USD, parseUsd } from '@darkroom/contracts';
import { z } from 'zod';
import { text } from './variables.ts';

const allowed = 'an amount of US dollars such as 25 or 12.50, above 0';

/** Billionths of a US dollar. */
function amount(value: string, context: z.RefinementCtx): number {
  const cap = readUsd(value);
  if (cap !== undefined && cap > 0) return cap;
  context.addIssue({ code: 'custom', message: `must be ${allowed}` });
  return z.NEVER;
}

const cap = () => text(allowed).transform(amount);

/** The caps of spend, for the whole fleet. `DAILY_CAP_USD` is always on; the others, `MONTHLY_CAP_USD` and those of each tenant, when they are set. */
export const spendSettings = z
  .object({
    DAILY_CAP_USD: text(allowed).default(DEFAULT_DAILY_CAP_USD).transform(amount),
    MONTHLY_CAP_USD: cap().optional(),
    TENANT_DAILY_CAP_USD: cap().optional(),
    TENANT_MONTHLY_CAP_USD: cap().optional(),
  })
  .transform((env) => ({
    caps: {
      allPerDay: env.DAILY_CAP_USD,
      ...(env.MONTHLY_CAP_USD === undefined ? {} : { allPerMonth: env.MONTHLY_CAP_USD }),
      ...(env.TENANT_DAILY_CAP_USD === undefined ? {} : { tenantPerDay: env.TENANT_DAILY_CAP_USD }),
      ...(env.TENANT_MONTHLY_CAP_USD === undefined ? {} : { tenantPerMonth: env.TENANT_MONTHLY_CAP_USD }),
    },
  }));
export type SpendSettings = z.output<typeof spendSettings>;

function readUsd(value: string): number | undefined {
  try {
    return parseUsd(value.trim());
  } catch {
    return undefined;
  }
}
