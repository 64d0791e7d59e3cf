/** No options and no request have a longer chain. */
const MAX_PROTOTYPES = 8;

/**
 * Reads the fields of an object once: its own, and those of its class or prototype, because code that destructures options would see
 * those too. Leaves out `undefined`, as JSON does, methods without a known name, and the properties of every object.
 * @param isKnown Returns true for a name with a meaning here: a method of that name counts as its value.
 * @throws what a getter or a proxy throws.
 */
export function readFields(given: object, isKnown: (name: string) => boolean = () => false): Map<string, unknown> {
  const fields = new Map<string, unknown>();
  let level: object | null = given;
  for (let depth = 0; level !== null && !isRoot(level); depth += 1) {
    if (depth > MAX_PROTOTYPES) throw new TypeError('too many prototypes');
    for (const key of Reflect.ownKeys(level)) {
      const name = nameOf(key);
      if (fields.has(name) || (depth > 0 && (typeof key === 'symbol' || key === 'constructor'))) continue;
      const value: unknown = Reflect.get(given, key);
      if (value === undefined || (depth > 0 && typeof value === 'function' && !isKnown(name))) continue;
      fields.set(name, value);
    }
    level = Reflect.getPrototypeOf(level);
  }
  return fields;
}

const nameOf = (key: string | symbol): string => (typeof key === 'symbol' ? String(key) : key);

/** Returns true for the `Object.prototype` of this or another realm. */
const isRoot = (level: object): boolean => Object.hasOwn(level, 'hasOwnProperty') && Reflect.getPrototypeOf(level) === null;
