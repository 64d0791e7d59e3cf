import { DarkroomError, type DarkroomErrorOptions, type ErrorCode, type Problem } from '@darkroom/contracts';

/** Codes of what the door itself refuses. */
export type ApiErrorCode = Extract<ErrorCode, `api.${string}` | 'service.stopping'>;

interface ApiErrorOptions extends DarkroomErrorOptions {
  /** Seconds after which the same call may succeed. */
  retryAfterSeconds?: number;
  problems?: readonly Problem[];
}

/** The caller must change its HTTP request, use another key, or wait. */
export class ApiError extends DarkroomError {
  declare readonly code: ApiErrorCode;
  readonly retryAfterSeconds: number | undefined;
  readonly problems: readonly Problem[] | undefined;
  constructor(code: ApiErrorCode, message: string, options: ApiErrorOptions = {}) {
    super(code, message, code === 'api.too-many-requests' || code === 'service.stopping', options);
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.problems = options.problems;
  }
}
