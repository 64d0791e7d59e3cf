import { DEFAULT_DAILY_CAP_USD, parseUsd } from '@darkroom/contracts';
import { z } from 'zod';
import { text } from './variables.ts';

const allowed = 'an amount of US dollars such as 25 or 12.50, above 0';

/** `DAILY_CAP_USD`: a cap is always on. */
export const spendSettings = z
  .object({
    DAILY_CAP_USD: text(allowed)
      .default(DEFAULT_DAILY_CAP_USD)
      .transform((value, context) => {
        const cap = readUsd(value);
        if (cap !== undefined && cap > 0) return cap;
        context.addIssue({ code: 'custom', message: `must be ${allowed}` });
        return z.NEVER;
      }),
  })
  .transform((env) => ({ dailyCapNanoUsd: env.DAILY_CAP_USD }));
export type SpendSettings = z.output<typeof spendSettings>;

function readUsd(value: string): number | undefined {
  try {
    return parseUsd(value.trim());
  } catch {
    return undefined;
  }
}
