import {
  describeGiven,
  InvalidRequestError,
  ProblemList,
  readOptions,
  type ErrorCode,
  type ImageStatus,
  type OptionNames,
} from '@darkroom/contracts';

/** Codes of images that did not come home, each with the status of such an image. */
export const statusOfFault = {
  'provider.content-refused': 'failed',
  'provider.refused': 'failed',
  'provider.task-failed': 'failed',
  'image.lost': 'lost',
  'submission.unknown-outcome': 'unknown',
} as const satisfies Partial<Record<ErrorCode, ImageStatus>>;

/** A code with which an image can fail. */
export type ImageFaultCode = keyof typeof statusOfFault;

/** The image comes home. */
export interface Succeed {
  kind: 'succeed';
  /** Bytes of the image. Defaults to a PNG of one pixel, whatever format and size the request names. */
  bytes?: Uint8Array;
  /** Verdict of the content check, if the request asks for it. Defaults to false: it flags nothing. */
  nsfwContent?: boolean;
}

/** The image does not come home. */
export interface Fail {
  kind: 'fail';
  /** Code of its `fault`. An image that is *lost* was paid for, and one of *unknown* outcome keeps its money on hold. */
  code: ImageFaultCode;
  /** Words of its `fault`. Defaults to none. */
  message?: string;
}

/** The images of a generation end differently, which makes it *partial* if some succeed. */
export interface Each {
  kind: 'each';
  /** One for each image, in order. */
  images: readonly (Succeed | Fail)[];
}

/** The generation stays *running* until `finish`, a cancel or the end of the test. */
export interface Run {
  kind: 'run';
}

/** The enqueue is refused with SpendCapError, and no generation is made. */
export interface Cap {
  kind: 'cap';
}

/** The enqueue is refused with QueueFullError, and no generation is made. */
export interface Full {
  kind: 'full';
}

/** The end of a generation that a test scripts: of all its images alike, or of each. */
export type Outcome = Succeed | Fail | Each | Run | Cap | Full;

const namesOf = {
  succeed: ['kind', 'bytes', 'nsfwContent'],
  fail: ['kind', 'code', 'message'],
  each: ['kind', 'images'],
  run: ['kind'],
  cap: ['kind'],
  full: ['kind'],
} as const satisfies Record<Outcome['kind'], readonly string[]>;

/** Checks outcomes, even of a test without types. @throws InvalidRequestError with all problems at once. */
export function checkOutcomes(outcomes: readonly Outcome[]): void {
  const problems = new ProblemList();
  for (const [at, outcome] of outcomes.entries()) checkOutcome(outcome, `outcomes[${at}]`, Object.keys(namesOf), problems);
  if (problems.count > 0) throw new InvalidRequestError(problems);
}

function checkOutcome(given: Outcome, path: string, kinds: readonly string[], problems: ProblemList): void {
  const kind: unknown = (given as Outcome | undefined)?.kind; // a test without types may pass anything
  if (typeof kind !== 'string' || !kinds.includes(kind)) {
    problems.push({ path: `${path}.kind`, message: `must be one of ${kinds.join(', ')}`, given: describeGiven(kind) });
    return;
  }
  const names: OptionNames = { path, known: namesOf[kind as Outcome['kind']] }; // one of them, as just seen
  const outcome = readOptions(given, names, problems);
  if (outcome?.kind === 'succeed' && outcome.bytes !== undefined && !((outcome.bytes as unknown) instanceof Uint8Array)) {
    problems.push({ path: `${path}.bytes`, message: 'must be a Uint8Array', given: describeGiven(outcome.bytes) });
  }
  if (outcome?.kind === 'succeed' && outcome.nsfwContent !== undefined && typeof outcome.nsfwContent !== 'boolean') {
    problems.push({ path: `${path}.nsfwContent`, message: 'must be true or false', given: describeGiven(outcome.nsfwContent) });
  }
  if (outcome?.kind === 'fail' && !Object.hasOwn(statusOfFault, outcome.code)) {
    const message = `must be one of ${Object.keys(statusOfFault).join(', ')}`;
    problems.push({ path: `${path}.code`, message, given: describeGiven(outcome.code) });
  }
  if (outcome?.kind !== 'each') return;
  if (!Array.isArray(outcome.images)) {
    problems.push({ path: `${path}.images`, message: 'must be an array', given: describeGiven(outcome.images) });
    return;
  }
  for (const [at, image] of outcome.images.entries()) checkOutcome(image, `${path}.images[${at}]`, ['succeed', 'fail'], problems);
}
