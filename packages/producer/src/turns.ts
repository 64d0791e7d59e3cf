/** Divides thousands of calls at once among turns of the event loop, so that other work of the process gets its turn. */
export interface Turns {
  /**
   * Returns the arguments of a call once its turn comes, as they are now; undefined if it goes on without a wait. The first calls do, and
   * those whose arguments are no plain data: they are read at once, before their caller can change them.
   */
  wait<Arguments extends readonly unknown[]>(...given: Arguments): Promise<Arguments> | undefined;
}

export function createTurns(callsPerTurn: number): Turns {
  const waiting: (() => void)[] = [];
  let left = callsPerTurn;
  let isPlanned = false;
  const plan = (): void => {
    if (!isPlanned) setImmediate(begin);
    isPlanned = true;
  };
  const begin = (): void => {
    isPlanned = false;
    const next = waiting.splice(0, callsPerTurn);
    left = callsPerTurn - next.length;
    if (next.length > 0) plan();
    for (const goOn of next) goOn();
  };
  return {
    wait(...given) {
      plan();
      if (left > 0) {
        left -= 1;
        return undefined;
      }
      const own = findCopy(given);
      return own && new Promise((resolve) => waiting.push(() => resolve(own)));
    },
  };
}

/** Returns a copy of plain data; undefined for anything else, and for what throws when it is read. */
function findCopy<Value>(value: Value): Value | undefined {
  try {
    return copyOf(value, MOST_DEEP) as Value; // of the same fields
  } catch {
    return undefined;
  }
}

/** The arguments of a call, a request, its reference images, and one of them. */
const MOST_DEEP = 5;
/** More than a list of a valid request holds. */
const LONGEST = 100;

function copyOf(value: unknown, deep: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (deep === 0 || (prototype !== Object.prototype && !(Array.isArray(value) && value.length <= LONGEST)))
    throw new TypeError('is no plain data');
  if (Array.isArray(value)) return value.map((each) => copyOf(each, deep - 1));
  const copy: Record<string | symbol, unknown> = { ...value };
  // a field that is not enumerable would be lost
  if (Reflect.ownKeys(copy).length !== Reflect.ownKeys(value).length) throw new TypeError('is no plain data');
  for (const [name, each] of Object.entries(copy)) {
    if (typeof each !== 'object' || each === null) continue;
    if (name === '__proto__') throw new TypeError('is no plain data'); // the one name that assignment does not make a field of
    copy[name] = copyOf(each, deep - 1);
  }
  return copy;
}
