/** Begins a function or a table at the top level of a script; our texts indent everything inside. */
const BEGIN = /^local (?:function (\w+)\(|(\w+) = \{)/;

interface Block {
  /** Absent for lines that are no such function or table. */
  name?: string;
  lines: string[];
}

/**
 * Leaves out the functions and tables at the top level of a script that nothing in it names. Scripts share texts with far more of them than
 * each needs, and Redis makes all of them anew in every call. A name counts as used wherever it stands, in a comment too, so that a doubt
 * keeps a block.
 */
export function withoutUnused(source: string): string {
  let blocks = blocksOf(source);
  const names = new Set(blocks.flatMap(({ name }) => name ?? []));
  const uses = new Map<string, number>();
  const count = ({ lines }: Block, by: 1 | -1): void => {
    for (const [word] of lines.join('\n').matchAll(/\w+/g)) if (names.has(word)) uses.set(word, (uses.get(word) ?? 0) + by);
  };
  for (const block of blocks) count(block, 1);
  for (;;) {
    // Names itself more than once: a recursive function. It is kept, like one of two blocks of one name.
    const unused = new Set(blocks.filter(({ name }) => name !== undefined && (uses.get(name) ?? 0) <= 1));
    if (unused.size === 0) return blocks.flatMap(({ lines }) => lines).join('\n');
    for (const block of unused) count(block, -1);
    blocks = blocks.filter((block) => !unused.has(block));
  }
}

function blocksOf(source: string): Block[] {
  const blocks: Block[] = [];
  const lines = source.split('\n');
  for (let at = 0; at < lines.length;) {
    const first = lines[at] ?? '';
    const [, functionName, tableName] = BEGIN.exec(first) ?? [];
    const name = functionName ?? tableName;
    const length = name === undefined ? undefined : lengthOf(lines, at, functionName === undefined ? '}' : 'end');
    blocks.push({ lines: lines.slice(at, at + (length ?? 1)), ...(name !== undefined && length !== undefined && { name }) });
    at += length ?? 1;
  }
  return blocks;
}

/** Returns the number of lines of a block that ends with this word; undefined for a form that our texts do not have. */
function lengthOf(lines: readonly string[], from: number, last: '}' | 'end'): number | undefined {
  const isWhole = last === 'end' ? / end$/ : /\}$/;
  if (isWhole.test(lines[from] ?? '')) {
    // More may follow a line that happens to end with this word.
    const goesOn = /^\s+\S/.test(lines[from + 1] ?? '');
    return goesOn || isCallOf(lines[from] ?? '', last) ? undefined : 1;
  }
  for (let at = from + 1; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (line === last) return last === '}' && lines.slice(from, at).some((each) => each.includes('(')) ? undefined : at + 1 - from;
    // A line at the left margin that is neither: the block is not of our form.
    if (line !== '' && !/^[\s-]/.test(line)) return undefined;
  }
  return undefined;
}

/** A table that calls something while it is made does more than to be there. */
const isCallOf = (line: string, last: '}' | 'end'): boolean => last === '}' && line.includes('(');
