import {
  DarkroomError,
  defined,
  errorCodes,
  GenerationError,
  InvalidRequestError,
  QueueUnavailableError,
  RequestConflictError,
  RetryRefusedError,
  type ErrorCode,
} from '@darkroom/contracts';
import { z } from 'zod';

/** An error of the HTTP API that no class of the library stands for, or the absence of the API. */
export class DoorError extends DarkroomError {
  /** Redis time of a refusal, in milliseconds since 1970. */
  readonly redisTime: number | undefined;
  constructor(code: ErrorCode, message: string, isRetryable: boolean, options: { cause?: unknown; redisTime?: number | undefined } = {}) {
    super(code, message, isRetryable, defined({ cause: options.cause }));
    this.redisTime = options.redisTime;
  }
}

const refusal = z.enum([
  'retry.in-progress',
  'retry.already-retried',
  'retry.already-succeeded',
  'retry.lost-image',
  'retry.unknown-outcome',
]);

const problemSchema = z.looseObject({
  code: z.string(),
  detail: z.string(),
  retryable: z.boolean(),
  problems: z.array(z.object({ path: z.string(), message: z.string(), given: z.string().optional() })).optional(),
  images: z.array(z.object({ index: z.int(), code: refusal, generationId: z.string() })).optional(),
  generationId: z.string().optional(),
  reached: z.enum(['no', 'maybe', 'yes']).optional(),
  redisTime: z.string().optional(),
});

/**
 * Turns a problem of the HTTP API into the error that the library would have thrown, with the same words.
 * @param about The generation of the call.
 * @returns undefined for a value that is no problem of Darkroom.
 */
export function errorOf(value: unknown, about?: string): DarkroomError | undefined {
  const { data: problem } = problemSchema.safeParse(value);
  if (problem === undefined) return undefined;
  const { detail, retryable, problems, images, generationId = about, reached = 'maybe', redisTime } = problem;
  // A later version may have other codes.
  const code = Object.hasOwn(errorCodes, problem.code) ? (problem.code as ErrorCode) : 'api.failed';
  switch (code) {
    case 'request.invalid':
      return new InvalidRequestError((problems ?? [{ path: '', message: detail }]).map(defined), {
        enqueues: detail.startsWith('the request'),
      });
    case 'generation.not-found':
    case 'generation.open':
    case 'generation.erased':
    case 'image.not-there':
    case 'image.withheld':
      return new GenerationError(code, detail);
    case 'request.conflict':
    case 'request.key-reused':
      return new RequestConflictError(detail, { code, details: defined({ generationId: problem.generationId }) });
    case 'queue.unavailable':
      return new QueueUnavailableError(detail, { reached, ...defined({ generationId }) });
    default:
      if (images !== undefined && images.length > 0) return new RetryRefusedError(about ?? '', images);
      return new DoorError(code, detail, retryable, { redisTime: redisTime === undefined ? undefined : Date.parse(redisTime) });
  }
}
