import { findMeant, InvalidRequestError, ProblemList } from '@darkroom/contracts';
import { ISO_8601 } from './read-order.ts';

/** Kinds of values in a query. */
export type QueryKind =
  | { kind: 'text' }
  | { kind: 'time' }
  | { kind: 'whole'; min: number; max: number; default?: number }
  | { kind: 'flag' }
  /** Words with commas between them. */
  | { kind: 'words'; words: readonly string[] }
  /** Written as `name[key]=value`, any number of times. */
  | { kind: 'pairs' };

/** A parameter of a query. Its value is checked by the library; here it gets its type. */
export type QueryParameter = QueryKind & { description: string };
export type Query = Readonly<Record<string, QueryParameter>>;
export type QueryValues = Readonly<Record<string, unknown>>;

/** Longest part of a name that a message repeats. */
const MAX_SHOWN = 64;

/** Reads a query by the parameters of its route. @throws InvalidRequestError with all problems: unknown names, names given twice, wrong types. */
export function readQuery(given: Readonly<Record<string, unknown>>, query: Query): QueryValues {
  const problems = new ProblemList();
  const values: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(given)) {
    const [, base = name, key] = /^([^[\]]*)\[(.*)\]$/s.exec(name) ?? [];
    const parameter = Object.hasOwn(query, base) ? query[base] : undefined;
    const path = name.slice(0, MAX_SHOWN);
    if (parameter === undefined || (parameter.kind === 'pairs') !== (key !== undefined))
      problems.push({ path, message: unknown(base, query) });
    else if (typeof text !== 'string') problems.push({ path, message: 'may be given once' });
    else if (parameter.kind === 'pairs') values[base] = { ...(values[base] as object | undefined), [key ?? '']: text };
    else {
      const read = readValue(text, parameter);
      if ('problem' in read) problems.push({ path, message: read.problem });
      else values[name] = read.value;
    }
  }
  if (problems.count > 0) throw new InvalidRequestError(problems);
  return values;
}

function readValue(text: string, parameter: QueryKind): { value: unknown } | { problem: string } {
  switch (parameter.kind) {
    case 'text':
    case 'pairs':
      return { value: text };
    case 'time': {
      const at = ISO_8601.test(text) ? Date.parse(text) : Number.NaN;
      return Number.isNaN(at) ? { problem: 'must be a time in ISO 8601 with a zone, such as 2026-11-30T12:00:00Z' } : { value: at };
    }
    case 'whole': {
      const { min, max } = parameter;
      const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return number >= min && number <= max ? { value: number } : { problem: `must be a whole number from ${min} to ${max}` };
    }
    case 'flag':
      return text === 'true' || text === 'false' ? { value: text === 'true' } : { problem: 'must be true or false' };
    case 'words': {
      const words = text.split(',');
      const { words: known } = parameter;
      return words.every((word) => known.includes(word))
        ? { value: words }
        : { problem: `must be some of ${known.join(', ')}, with commas between them` };
    }
    default:
      return parameter satisfies never;
  }
}

function unknown(name: string, query: Query): string {
  const names = Object.keys(query);
  const meant = findMeant(name, names);
  if (meant !== undefined) return `is not a parameter of this query (did you mean "${meant}"?)`;
  return names.length === 0
    ? 'is not a parameter: this query takes none'
    : `is not a parameter of this query; allowed are ${names.join(', ')}`;
}
