import { z } from 'zod';

/** Lua with which scripts reply by name; a part of the prelude. */
export const replyByName = /* lua */ `
-- a reply by name: names and values in turn, without values that are nil or ''
local function named(fields)
  local flat = {}
  for name, value in pairs(fields) do
    if type(value) == 'number' then value = int(value) elseif type(value) == 'boolean' then value = value and '1' or '0' end
    if value ~= '' then
      flat[#flat + 1] = name
      flat[#flat + 1] = value
    end
  end
  return flat
end
`;

/** Returns the schema of a reply by name. A field that the script left out is absent. */
export const namedReply = <Schema extends z.ZodType>(schema: Schema) => z.preprocess(pairsToObject, schema);

function pairsToObject(flat: unknown): unknown {
  if (!Array.isArray(flat)) return flat;
  // Each reply comes through here: written out, because pairs and their lists cost as much again.
  const fields: Record<string, unknown> = {};
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const name = String(flat[at]);
    // The one name that assignment does not make a field of.
    if (name !== '__proto__') fields[name] = flat[at + 1];
  }
  return fields;
}

/** Fields of a hash. Checked in one pass: zod's record looks at names and values one by one, and each settlement reads forty. */
export const hashFields = z.custom<Record<string, string>>(
  (value) => typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string'),
  'is no hash of texts',
);

/** The reply of HGETALL. */
export const hashReply = namedReply(hashFields);
/** A number in a reply. */
export const number = z.coerce.number();
/** A truth value in a reply. */
export const flag = z.enum(['0', '1']).transform((value) => value === '1');

/** Words in a reply, with a blank between two; none if it is absent. */
export const words = z
  .string()
  .default('')
  .transform((text) => text.split(' ').filter(Boolean));

export type Given = string | number | undefined;

/**
 * Names the arguments of a script once, for both sides.
 * @param first Place of the first of them in ARGV, after the prefix and the arguments of other lists.
 */
export function nameArguments<const Names extends readonly string[]>(names: Names, first = 2) {
  return {
    /** Lua that reads them into locals; absent ones are ''. */
    lua: `local ${names.join(', ')} = unpack(ARGV, ${first}, ${first + names.length - 1})`,
    /** The names, for Lua that takes several lists of them in turn; their places are `first` to `last`. */
    names: names.join(', '),
    first,
    last: first + names.length - 1,
    /** Lua that begins a loop over groups of them, from ARGV[from] to the last argument. */
    each: (from = first) =>
      `for at = ${from}, #ARGV, ${names.length} do local ${names.join(', ')} = unpack(ARGV, at, at + ${names.length - 1})`,
    /** Place in ARGV of the first argument after them. */
    after: first + names.length,
    /** Puts values into their places. */
    list: (given: Readonly<Record<Names[number], Given>>): (string | number)[] => names.map((name) => given[name as Names[number]] ?? ''), // one of its own names
  };
}
