import { describeGiven, InvalidRequestError, ProblemList, UNREADABLE } from '@darkroom/contracts';
import { readCallOptions } from './read-call-options.ts';

/** Says of a call that it enqueues: its errors add that nothing was queued. */
export const ENQUEUES = { enqueues: true };

/**
 * Reads the arguments of a call synchronously, so that the call is under way before a `close` right after it.
 * @param read Appends the problems; its result is used if there are none.
 * @throws InvalidRequestError, even if an argument throws when read, such as a proxy.
 */
export function checked<Read>(read: (problems: ProblemList) => Read | undefined, options: { enqueues?: boolean } = {}): Read {
  const problems = new ProblemList();
  try {
    return valid(read(problems), problems, options);
  } catch (cause) {
    throw refusal(cause, problems, options);
  }
}

/**
 * Reads the arguments of a call as `checked` does.
 * @param addMore Appends, for arguments with problems, those that only Redis knows.
 */
export function checkedWith<Read>(
  read: (problems: ProblemList) => Read | undefined,
  addMore: (problems: ProblemList) => Promise<void>,
): Read | Promise<never> {
  const problems = new ProblemList();
  try {
    const value = read(problems);
    if (value !== undefined && problems.count === 0) return value;
  } catch (cause) {
    throw refusal(cause, problems, ENQUEUES);
  }
  return addMore(problems).then(() => {
    throw new InvalidRequestError(problems, ENQUEUES);
  });
}

/** Reads the arguments of a call as `checked` does, with pauses in which the process does other work. */
export async function checkedInParts<Read>(
  read: (problems: ProblemList) => Promise<Read | undefined>,
  options: { enqueues?: boolean } = ENQUEUES,
): Promise<Read> {
  const problems = new ProblemList();
  try {
    return valid(await read(problems), problems, options);
  } catch (cause) {
    throw refusal(cause, problems, options);
  }
}

function valid<Read>(value: Read | undefined, problems: ProblemList, options: { enqueues?: boolean }): Read {
  if (value === undefined || problems.count > 0) throw new InvalidRequestError(problems, options);
  return value;
}

function refusal(cause: unknown, problems: ProblemList, options: { enqueues?: boolean }): InvalidRequestError {
  if (cause instanceof InvalidRequestError) return cause;
  problems.push({ path: '', message: UNREADABLE });
  return new InvalidRequestError(problems, { ...options, cause });
}

/** Reads the options of a call about one generation, and appends the problems of its id and options. */
export function readIdCall<Options extends object>(
  generationId: unknown,
  given: Options,
  known: readonly string[],
  problems: ProblemList,
): Options | undefined {
  if (typeof generationId !== 'string' || generationId.length > MAX_ID_LENGTH)
    problems.push({ path: 'generationId', message: 'must be the id of a generation', given: describeGiven(generationId) });
  return readCallOptions(given, known, problems);
}

/** A UUID has 36 characters; an error does not repeat a longer text. */
const MAX_ID_LENGTH = 64;
