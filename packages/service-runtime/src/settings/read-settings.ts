import { ConfigError, type Problem } from '@darkroom/contracts';
import type { z } from 'zod';
import { redactText } from '../logging/redact-text.ts';
import type { Environment } from './environment.ts';
import { unreadSettingProblems } from './unknown-settings.ts';

/** Names whose value is never shown. */
const secretName = /KEY|SECRET|TOKEN|PASSWORD/;

/**
 * Reads settings from an environment by schema: every key of `schemas` becomes a key of the result. A schema is a zod object whose keys are
 * names of variables, and may transform their values; an empty string counts as missing.
 *
 * @throws ConfigError with every problem at once: the name, the allowed values and, unless it is secret or an address, the given value; and
 * each unknown variable that only Darkroom can mean.
 */
export function readSettings<Schemas extends Readonly<Record<string, z.ZodType>>>(
  schemas: Schemas,
  env: Environment,
): { [Key in keyof Schemas]: z.output<Schemas[Key]> } {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''));
  const problems = new Map<string, Problem>(unreadSettingProblems(given).map((problem) => [problem.path, problem]));
  const settings: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(schemas)) {
    const parsed = schema.safeParse(given);
    if (parsed.success) settings[key] = parsed.data;
    // Two schemas may read one variable; its problem is listed once.
    else
      for (const problem of parsed.error.issues.map((issue) => problemOf(issue, given)))
        problems.set(`${problem.path}: ${problem.message}`, problem);
  }
  if (problems.size > 0) throw new ConfigError([...problems.values()]);
  return settings as { [Key in keyof Schemas]: z.output<Schemas[Key]> }; // one entry a schema, each parsed by it
}

/** Reads the settings of one schema. @throws ConfigError as `readSettings` does. */
export const loadConfig = <Schema extends z.ZodType>(schema: Schema, env: Environment): z.output<Schema> =>
  readSettings({ config: schema }, env).config;

/** Returns true for a value that may be an address with a password, which stands anywhere if it was not encoded. */
const mayHoldLogin = (value: string): boolean => value.includes('://') || /[:@].*@|@.*:/s.test(value);

function problemOf(issue: z.core.$ZodIssue, given: Environment): Problem {
  const name = String(issue.path[0] ?? '');
  const value = given[name];
  // The message of a rule between several variables names the missing one itself.
  if (value === undefined) return { path: name, message: issue.code === 'custom' ? issue.message : `is missing, and ${issue.message}` };
  if (secretName.test(name) || mayHoldLogin(value)) return { path: name, message: issue.message };
  return { path: name, message: issue.message, given: `"${redactText(value)}"` };
}
