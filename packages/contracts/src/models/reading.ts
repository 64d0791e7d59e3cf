import type { ProblemList } from '../problems.ts';
import { readFields } from '../read-fields.ts';
import { describeGiven, describeKind } from './given.ts';
import type { Parameter } from './parameter.ts';

/**
 * Reads a request field by field and collects every problem, those of single fields and those between fields. A schema
 * library checks what fields have to do with each other only once each of them is right by itself, so that a caller would
 * learn of the second half of the problems after mending the first.
 */
export interface Reading {
  /** What was given, by its full path ("safety.mode"). `undefined` counts as not given, as it does in JSON. */
  readonly fields: ReadonlyMap<string, unknown>;
  readonly problems: ProblemList;
}

/**
 * Takes the request apart; undefined for what is no object.
 * @param groups The fields that hold fields: "safety".
 */
export function beginReading(input: unknown, groups: readonly string[], problems: ProblemList): Reading | undefined {
  const given = entriesOf(input, '', problems);
  if (given === undefined) return undefined;
  const fields = new Map<string, unknown>();
  for (const [name, value] of given) {
    if (groups.includes(name)) {
      for (const [part, inner] of entriesOf(value, name, problems) ?? []) fields.set(`${name}.${part}`, inner);
    } else if (name.includes('.')) {
      // Kept apart from the real "safety.mode", which it would overwrite.
      problems.push(() => ({
        path: shortenPath(name),
        message: 'is not a parameter: a name with a dot is written as an object in an object',
        given: describeKind(value),
      }));
    } else {
      fields.set(name, value);
    }
  }
  return { fields, problems };
}

function entriesOf(value: unknown, path: string, problems: ProblemList): Iterable<[string, unknown]> | undefined {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return readFields(value);
  problems.push({ path, message: 'must be an object', given: describeKind(value) });
  return undefined;
}

const refuse = (reading: Reading, path: string, message: string): undefined => {
  reading.problems.push(() => ({ path, message, given: describeGiven(reading.fields.get(path)) }));
  return undefined;
};

/** A path as it is told: the names of unknown fields are the caller's, and may be of any length. */
export const shortenPath = (path: string): string => (path.length > MAX_PATH_LENGTH ? `${path.slice(0, MAX_PATH_LENGTH)}…` : path);
const MAX_PATH_LENGTH = 80;

// Said in words, because the value itself looks right: "95" where 95 is asked for.
const notAString = (value: unknown): string => (typeof value === 'string' ? ', not a string' : '');

/** Each reader gives the value, or undefined if it is not given or was refused. */
export function readInteger(reading: Reading, path: string, { min, max }: Extract<Parameter, { type: 'integer' }>): number | undefined {
  const value = reading.fields.get(path);
  if (value === undefined) return undefined;
  const inRange = typeof value === 'number' && Number.isSafeInteger(value) && value >= (min ?? value) && value <= (max ?? value);
  if (inRange) return value;
  const range = min === undefined ? '' : max === undefined ? ` of at least ${min}` : ` from ${min} to ${max}`;
  return refuse(reading, path, `must be a whole number${range}${notAString(value)}`);
}

export function readBoolean(reading: Reading, path: string): boolean | undefined {
  const value = reading.fields.get(path);
  if (value === undefined || typeof value === 'boolean') return value;
  return refuse(reading, path, `must be true or false${notAString(value)}`);
}

export function readChoice<Choice extends string>(
  reading: Reading,
  path: string,
  { values }: { values: readonly Choice[] },
): Choice | undefined {
  const value = reading.fields.get(path);
  if (value === undefined) return undefined;
  return values.find((allowed) => allowed === value) ?? refuse(reading, path, `must be ${quotedList(values)}`);
}

/** A field with one possible value, which need not be given. */
export function readFixed<Value extends string>(reading: Reading, path: string, { value: only }: { value: Value }): Value {
  const value = reading.fields.get(path);
  if (value !== undefined && value !== only) refuse(reading, path, `must be "${only}" or left out`);
  return only;
}

/**
 * A string that must be given. Every character of it is carried as it is, control characters too, except lone surrogates: UTF-8
 * cannot carry them, so the provider would get another text.
 */
export function readRequiredText(
  reading: Reading,
  path: string,
  { minLength, maxBytes }: { minLength: number; maxBytes: number },
): string | undefined {
  const value = reading.fields.get(path);
  const refuseText = (message: string): undefined => {
    reading.problems.push({ path, message: value === undefined ? `is required: ${message}` : message, given: describeKind(value) });
    return undefined;
  };
  if (typeof value !== 'string' || value.length < minLength)
    return refuseText(`must be a string of at least ${minLength} character${minLength === 1 ? '' : 's'}`);
  if (Buffer.byteLength(value) > maxBytes) return refuseText(`may take at most ${maxBytes} bytes in UTF-8`);
  return LONE_SURROGATE.test(value) ? refuseText('must be well-formed Unicode, without half of a surrogate pair') : value;
}

// With the flag "u" a pair counts as the one character that it is, and only a half is a surrogate.
const LONE_SURROGATE = /\p{Surrogate}/u;

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

export function readUuidV4(reading: Reading, path: string): string | undefined {
  const value = reading.fields.get(path);
  if (value === undefined) return undefined;
  return typeof value === 'string' && UUID_V4.test(value) ? value : refuse(reading, path, 'must be a UUID v4');
}

/** "A", "B" or "C". */
function quotedList(values: readonly string[]): string {
  const quoted = values.map((value) => `"${value}"`);
  return [quoted.slice(0, -1).join(', '), quoted.at(-1)].filter((part) => part !== '').join(' or ');
}
