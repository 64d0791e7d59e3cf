import { describeGiven, GenerationError, isFinalGeneration, type GenerationView, type Problem } from '@darkroom/contracts';
import type { Changes } from './changes.ts';

/** An announcement may be lost, so the record is looked at this often in any case. */
const LOOK_EVERY_MS = 2000;

export interface WaitOptions {
  /** How long to wait, in milliseconds. Defaults to 10 minutes. */
  timeoutMs?: number;
  /** Ends the wait early; the generation goes on. */
  signal?: AbortSignal;
  /** Called with the generation each time it was looked at and had changed. */
  onProgress?: (generation: GenerationView) => void;
}

/** Names of the options of a wait. */
export const waitOptions = ['timeoutMs', 'signal', 'onProgress'] as const satisfies readonly (keyof WaitOptions)[];

/** What the options of a wait have wrong, apart from their names. */
export function waitProblems({ timeoutMs = 0, signal, onProgress }: WaitOptions): Problem[] {
  const isTime = typeof timeoutMs === 'number' && timeoutMs >= 0;
  const isSignal = signal === undefined || (signal as unknown) instanceof AbortSignal; // a caller without types may pass anything
  return [
    ...(isTime
      ? []
      : [{ path: 'options.timeoutMs', message: 'must be a number of milliseconds, 0 or more', given: describeGiven(timeoutMs) }]),
    ...(isSignal ? [] : [{ path: 'options.signal', message: 'must be an AbortSignal', given: describeGiven(signal) }]),
    ...(onProgress === undefined || typeof onProgress === 'function'
      ? []
      : [{ path: 'options.onProgress', message: 'must be a function', given: describeGiven(onProgress) }]),
  ];
}

/**
 * Waits until a generation is final.
 * @throws GenerationError "generation.wait-timeout" when the time is over, "generation.not-found" when there is none; the
 * reason of the signal when it aborts.
 */
export async function waitUntilFinal(
  generationId: string,
  find: () => Promise<GenerationView | undefined>,
  changes: Changes,
  { timeoutMs = 600_000, signal, onProgress }: WaitOptions,
): Promise<GenerationView> {
  let wake: () => void = () => undefined;
  let changed = false;
  const stopListening = changes.listen(generationId, () => {
    changed = true;
    wake();
  });
  const onAbort = (): void => wake();
  signal?.addEventListener('abort', onAbort);
  const endsAt = performance.now() + timeoutMs;
  let shown = '';
  try {
    for (;;) {
      signal?.throwIfAborted();
      changed = false;
      const generation = await find();
      if (generation === undefined) throw new GenerationError('generation.not-found', `no generation has the id "${generationId}"`);
      const picture = JSON.stringify(generation);
      if (picture !== shown) onProgress?.(generation);
      shown = picture;
      if (isFinalGeneration(generation.status)) return generation;
      const leftMs = endsAt - performance.now();
      if (leftMs <= 0) {
        throw new GenerationError(
          'generation.wait-timeout',
          `generation "${generationId}" is "${generation.status}" after ${timeoutMs} ms; it goes on, and can be waited for again`,
          { details: { generationId } },
        );
      }
      if (!changed) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Math.min(leftMs, LOOK_EVERY_MS));
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
          if (signal?.aborted === true) wake();
        });
      }
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    stopListening();
  }
}
