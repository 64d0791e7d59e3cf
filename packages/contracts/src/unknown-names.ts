import { findMeant } from './did-you-mean.ts';
import { describeGiven, describeKind } from './models/given.ts';
import type { ProblemList } from './problems.ts';
import { readFields } from './read-fields.ts';

/** Longest part of a name that a message repeats: a caller may have passed any text. */
const MAX_SHOWN = 64;

/** Names of the options of a call. */
export interface OptionNames {
  /** First part of the paths of problems, such as "options"; "" for none. */
  path: string;
  known: readonly string[];
  /** Names that other libraries give to our options, in lower case, each with our name. */
  otherNames?: Readonly<Record<string, string>>;
}

/**
 * Reads the options of a call once, into a plain object, and appends the reasons to refuse them: they are no object, cannot be read, or
 * have unknown names. Each problem names the option most likely meant, or all that are allowed. A name whose value is `undefined`
 * counts as left out.
 * @returns undefined if the options are no object or cannot be read; otherwise a copy with the caller's values of the known names.
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

/** Message for a getter or a proxy that throws. Its own words are not repeated, because they may hold a secret. */
export const UNREADABLE = 'cannot be read: a getter or a proxy of it throws';

function messageOf(name: string, known: readonly string[], otherNames: Readonly<Record<string, string>>): string {
  const lower = name.toLowerCase();
  const meant = (Object.hasOwn(otherNames, lower) ? otherNames[lower] : undefined) ?? findMeant(name, known);
  if (meant !== undefined) return `is not an option (did you mean "${meant}"?)`;
  return known.length === 0 ? 'is not an option: this call takes none' : `is not an option; allowed are ${known.join(', ')}`;
}
