/** One problem of an input. */
export interface Problem {
  /** Path of the wrong part: "inputs.referenceImages[2]"; "" is the input as a whole. */
  path: string;
  /** The rule: what is wrong and what is allowed. */
  message: string;
  /** The given value, shortened; never a prompt or image data. */
  given?: string;
}

/** Maximum number of problems that an error lists; the others are only counted. An input of any size makes an error of a few kilobytes. */
export const MAX_PROBLEMS = 50;
/** Maximum number of bytes that the listed problems take as JSON. An error holds them twice: in its message and as a list. */
const MAX_BYTES = 14_000;

/** Collects the problems of an input: keeps the first ones, and counts all of them. */
export class ProblemList {
  readonly told: Problem[] = [];
  #count = 0;
  #bytes = 0;
  #isFull = false;
  #toWhole: ((problem: Problem | (() => Problem)) => void) | undefined;

  /** Number of all problems, listed or not. */
  get count(): number {
    return this.#count;
  }

  /** @param problem The problem, or a function that creates it, called only if the problem is listed. */
  push(...problems: readonly (Problem | (() => Problem))[]): void {
    for (const each of problems) {
      this.#count += 1;
      this.#toWhole?.(each);
      if (this.#isFull || this.#toWhole !== undefined) continue;
      const problem = typeof each === 'function' ? each() : each;
      this.#bytes += Buffer.byteLength(JSON.stringify(problem));
      this.#isFull = this.told.length + 1 >= MAX_PROBLEMS || this.#bytes > MAX_BYTES;
      if (this.told.length === 0 || this.#bytes <= MAX_BYTES) this.told.push(problem);
    }
  }

  /**
   * Creates a list for a part of the input. Its problems are added to this list.
   * @param pathOf Turns a path in the part into a path in the whole.
   */
  part(pathOf: (path: string) => string): ProblemList {
    const part = new ProblemList();
    part.#toWhole = (each) =>
      this.push(() => {
        const problem = typeof each === 'function' ? each() : each;
        return { ...problem, path: pathOf(problem.path) };
      });
    return part;
  }

  static of(problems: readonly Problem[]): ProblemList {
    const list = new ProblemList();
    list.push(...problems.slice(0, MAX_PROBLEMS));
    list.#count = problems.length;
    return list;
  }
}

/** Writes problems as text, one a line. */
export const formatProblems = ({ told, count }: ProblemList): string =>
  told
    .map(({ path, message, given }) => `  ${path === '' ? '(as a whole)' : path}: ${message}${given === undefined ? '' : `, got ${given}`}`)
    .concat(count > told.length ? [`  and ${count - told.length} more`] : [])
    .join('\n');
