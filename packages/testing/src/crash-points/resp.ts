/**
 * Finds the ends of values on a Redis connection, in either direction (RESP2 and RESP3, Redis documentation, "Redis serialization
 * protocol"). It reads no contents, except for the words of a command.
 */

const CR = 13;
const codesOf = (letters: string): number[] => letters.split('').map((letter) => letter.charCodeAt(0));
const isSimple = new Set(codesOf('+-:_#,('));
const isBulk = new Set(codesOf('$=!'));
/** Values for each unit of a count: a map counts pairs, a list counts single values. */
const aggregates = new Map<number, number>([
  ...codesOf('*~>').map((code) => [code, 1] as const),
  ...codesOf('%|').map((code) => [code, 2] as const),
]);
const [PUSH, ATTRIBUTE] = ['>'.charCodeAt(0), '|'.charCodeAt(0)];

/** @returns the end of the value that begins at `from`, or undefined if it is not complete. */
function endOfValue(bytes: Buffer, from: number): number | undefined {
  const lineEnd = bytes.indexOf(CR, from);
  if (lineEnd < 0 || lineEnd + 1 >= bytes.length) return undefined;
  const kind = bytes[from] ?? 0;
  const next = lineEnd + 2;
  if (isSimple.has(kind)) return next;
  const count = Number(bytes.toString('latin1', from + 1, lineEnd));
  if (isBulk.has(kind)) {
    const end = count < 0 ? next : next + count + 2;
    return end <= bytes.length ? end : undefined;
  }
  const each = aggregates.get(kind);
  if (each === undefined) throw new RangeError(`0x${kind.toString(16)} begins no Redis value`);
  let at: number | undefined = next;
  for (let left = Math.max(0, count) * each; left > 0 && at !== undefined; left -= 1) at = endOfValue(bytes, at);
  // Attributes precede the value that they describe.
  return kind === ATTRIBUTE && at !== undefined ? endOfValue(bytes, at) : at;
}

/** Cuts a stream into complete values; an incomplete one waits for more bytes. */
function createCutter(): (chunk: Uint8Array) => Buffer[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    const values: Buffer[] = [];
    for (let end = endOfValue(rest, 0); end !== undefined; end = rest.length === 0 ? undefined : endOfValue(rest, 0)) {
      values.push(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
    return values;
  };
}

/** Counts replies. A push of Redis, as to subscribers, answers no command. */
export function createReplyCounter(): (chunk: Uint8Array) => number {
  const cut = createCutter();
  return (chunk) => cut(chunk).filter((value) => value[0] !== PUSH).length;
}

/** Reads commands, each as a list of words. */
export function createCommandReader(): (chunk: Uint8Array) => string[][] {
  const cut = createCutter();
  return (chunk) => cut(chunk).map(wordsOf);
}

function wordsOf(command: Buffer): string[] {
  const words: string[] = [];
  let at = command.indexOf(CR) + 2;
  while (at < command.length) {
    const end = endOfValue(command, at) ?? command.length;
    words.push(command.toString('utf8', command.indexOf(CR, at) + 2, end - 2));
    at = end;
  }
  return words;
}
