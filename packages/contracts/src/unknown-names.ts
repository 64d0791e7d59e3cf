import { findMeant } from './did-you-mean.ts';
import { describeGiven, describeKind } from './models/given.ts';
import type { ProblemList } from './problems.ts';
import { readFields } from './read-fields.ts';

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
 * Reads the options of a call once, into a plain object, and adds what keeps them from being taken: they are no object, cannot be read,
 * or have names that the call does not know. Each problem names the option that was most likely meant, or all that are allowed. A name
 * whose value is `undefined` counts as left out.
 * @returns undefined for what is no object or cannot be read; otherwise a copy, whose known names hold what the caller gave.
 */
export function readOptions<Options extends object>(
  given: Options,
  { path, known, otherNames = {} }: OptionNames,
  problems: ProblemList,
): Options | undefined {
  const value: unknown = given; // a caller without types may pass anything
  try {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      problems.push({ path, message: 'must be an object', given: describeGiven(value) });
      return undefined;
    }
    const fields = readFields(value, (name) => known.includes(name));
    for (const [name, field] of fields) {
      if (known.includes(name)) continue;
      problems.push(() => ({
        path: `${path}${path === '' ? '' : '.'}${name.slice(0, MAX_SHOWN)}`,
        message: messageOf(name, known, otherNames),
        given: describeKind(field),
      }));
    }
    return Object.fromEntries(known.filter((name) => fields.has(name)).map((name) => [name, fields.get(name)])) as Options; // by name the same
  } catch {
    problems.push({ path, message: UNREADABLE });
    return undefined;
  }
}

/** What a caller is told when a getter or a proxy of its own throws. Its words are not repeated: they may hold anything. */
export const UNREADABLE = 'cannot be read: a getter or a proxy of it throws';

function messageOf(name: string, known: readonly string[], otherNames: Readonly<Record<string, string>>): string {
  const lower = name.toLowerCase();
  const meant = (Object.hasOwn(otherNames, lower) ? otherNames[lower] : undefined) ?? findMeant(name, known);
  return meant === undefined ? `is not an option; allowed are ${known.join(', ')}` : `is not an option (did you mean "${meant}"?)`;
}
