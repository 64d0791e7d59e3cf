import { defined, type Problem } from '@darkroom/contracts';
import type { FoundErasure } from '@darkroom/generation-store';

/** Options of `erase`. */
export interface EraseOptions {
  /** Cancels an open generation and erases it. Without it an open one is refused. */
  cancel?: boolean;
  /** Also erases the retries of its images. */
  retries?: boolean;
}

/** Names of the options of `erase`. */
export const eraseOptions = ['cancel', 'retries'] as const satisfies readonly (keyof EraseOptions)[];

/** State of a request to erase. Times are Redis time, in milliseconds since 1970. */
export interface Erasure {
  generationId: string;
  /** "erased" once the first sweep is over: neither the request nor an image is left. Ask until then. */
  status: 'requested' | 'erased';
  requestedAt: number;
  /** Absent until it is erased. */
  erasedAt?: number;
  /** Time until which the eraser comes again, because an upload URL is valid: an image that comes home late is deleted then. */
  sweptUntil?: number;
  /** Ids of the generations that bought its images again. They are erased only with `retries: true`, or by a call of their own. */
  retries: string[];
}

/** Returns the problems of the options of `erase`. */
export const eraseProblems = (options: EraseOptions): Problem[] =>
  eraseOptions.flatMap((name) => {
    const given: unknown = options[name];
    return given === undefined || typeof given === 'boolean'
      ? []
      : [{ path: `options.${name}`, message: 'must be true or false', given: typeof given }];
  });

export const erasureOf = (generationId: string, { requestedAt, erasedAt, sweptUntil, retries }: FoundErasure): Erasure => ({
  generationId,
  status: erasedAt === undefined ? 'requested' : 'erased',
  requestedAt,
  ...defined({ erasedAt, sweptUntil }),
  retries,
});
