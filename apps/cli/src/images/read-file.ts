import { readFileSync } from 'node:fs';
import { InvalidRequestError, ProblemList } from '@darkroom/contracts';

/** Reads a file that the command line names. @param name The option that names it. @throws InvalidRequestError if it cannot be read. */
export function readFile(file: string, name: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const problems = new ProblemList();
    problems.push({
      path: name,
      message: `cannot read '${file}': ${error instanceof Error && 'code' in error ? String(error.code) : 'it is no file'}`,
    });
    throw new InvalidRequestError(problems);
  }
}
