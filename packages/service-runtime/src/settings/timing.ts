import { defaultTiming, pollingTiming, timingProblems, timingVariable, type Timing } from '@darkroom/contracts';
import { z } from 'zod';
import { wholeNumber } from './variables.ts';

/** A month: longer than anything a provider keeps. */
const MAX_MS = 31 * 24 * 3_600_000;

const keys = Object.keys(defaultTiming) as (keyof Timing)[]; // the keys are the type

const variables = Object.fromEntries(keys.map((key) => [timingVariable(key), wholeNumber(1, MAX_MS).optional()]));

/**
 * One variable for each key of `Timing`, checked as one chain. Unset variables have their defaults; without `WEBHOOK_BASE_URL` no delivery
 * wakes a settlement, so polls start sooner and stay closer (`pollingTiming`).
 */
export const timingSettings = z.object({ ...variables, WEBHOOK_BASE_URL: z.unknown().optional() }).transform((env, context): Timing => {
  const defaults: Timing = { ...defaultTiming, ...(env.WEBHOOK_BASE_URL === undefined ? pollingTiming : {}) };
  const timing = { ...defaults };
  for (const key of keys) timing[key] = readNumber(env, timingVariable(key)) ?? defaults[key];
  for (const problem of timingProblems(timing)) context.addIssue({ code: 'custom', path: ['TIMING_*'], message: nameVariables(problem) });
  return timing;
});

function readNumber(env: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = env[name];
  return typeof value === 'number' ? value : undefined;
}

const nameVariables = (problem: string): string =>
  keys.reduce((named, key) => named.replace(new RegExp(`\\b${key}\\b`), timingVariable(key)), problem);
