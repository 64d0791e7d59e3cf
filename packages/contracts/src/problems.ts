/** One thing that is wrong with an input. */
export interface Problem {
  /** Where, as a path: "inputs.referenceImages[2]"; "" is the input as a whole. */
  path: string;
  /** What is wrong and what is allowed. */
  message: string;
  /** What was given, shortened; never a prompt or image data. */
  given?: string;
}

/** An error tells so many problems, and counts the others: an input of any size makes an error of a few kilobytes. */
export const MAX_PROBLEMS = 50;
/** Fewer are told if they take more than this as JSON. An error holds them twice: in its message and as a list. */
const MAX_BYTES = 14_000;

/** Collects what is wrong with an input: keeps the first problems, and counts all of them. */
export class ProblemList {
  readonly told: Problem[] = [];
  #count = 0;
  #bytes = 0;
  #isFull = false;
  #toWhole: ((problem: Problem | (() => Problem)) => void) | undefined;

  /** How many there are, those that are not told included. */
  get count(): number {
    return this.#count;
  }

  /** @param problem The problem, or a function that makes it, which is called only for one that is told. */
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
   * A list for a part of the input: what is added to it is added here.
   * @param pathOf Makes a path of the whole out of a path of the part.
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

/** Problems as text, one a line. */
export const formatProblems = ({ told, count }: ProblemList): string =>
  told
    .map(({ path, message, given }) => `  ${path === '' ? '(as a whole)' : path}: ${message}${given === undefined ? '' : `, got ${given}`}`)
    .concat(count > told.length ? [`  and ${count - told.length} more`] : [])
    .join('\n');
