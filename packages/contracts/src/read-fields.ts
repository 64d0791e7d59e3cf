/** Longer chains belong to no options and to no request. */
const MAX_PROTOTYPES = 8;

/**
 * Reads the fields of an object once: own ones, and what a class or a prototype adds to them, since code that takes options apart
 * would see those too. Leaves out `undefined`, as JSON does, methods that are not known names, and what every object has.
 * @param isKnown Says whether a name means something here: a method of that name counts as its value.
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

/** Whether this is the `Object.prototype` of this or another realm. */
const isRoot = (level: object): boolean => Object.hasOwn(level, 'hasOwnProperty') && Reflect.getPrototypeOf(level) === null;
