import { findMeant } from './did-you-mean.ts';
import type { Problem } from './errors.ts';
import { describeGiven, describeKind } from './models/given.ts';

/** A name is repeated up to this length: a caller may have passed anything. */
const MAX_SHOWN = 64;

/** Options of a call, to check for names that it does not have. */
export interface OptionNames {
  /** What the paths of problems begin with, such as "options"; "" for none. */
  path: string;
  known: readonly string[];
  /** What other libraries call an option of ours, in lower case, with the name that we have for it. */
  otherNames?: Readonly<Record<string, string>>;
}

/**
 * Lists what keeps a value from being the options of a call: it is no object, or it has names that the call does not know. Each
 * problem names the option that was most likely meant, or all that are allowed. A name whose value is `undefined` counts as left out.
 */
export function optionNameProblems(given: unknown, { path, known, otherNames = {} }: OptionNames): Problem[] {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return [{ path, message: 'must be an object', given: describeGiven(given) }];
  return Object.entries(given)
    .filter(([name, value]) => value !== undefined && !known.includes(name))
    .map(([name, value]) => ({
      path: `${path}${path === '' ? '' : '.'}${name.slice(0, MAX_SHOWN)}`,
      message: messageOf(name, known, otherNames),
      given: describeKind(value),
    }));
}

function messageOf(name: string, known: readonly string[], otherNames: Readonly<Record<string, string>>): string {
  const lower = name.toLowerCase();
  const meant = (Object.hasOwn(otherNames, lower) ? otherNames[lower] : undefined) ?? findMeant(name, known);
  return meant === undefined ? `is not an option; allowed are ${known.join(', ')}` : `is not an option (did you mean "${meant}"?)`;
}
