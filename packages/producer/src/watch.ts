import type { GenerationView } from '@darkroom/contracts';
import { waitUntilFinal, type WaitDependencies } from './wait.ts';

/** Options of `watch`. */
export interface WatchOptions {
  /** Ends the watch with the signal's reason; the generation keeps running. */
  signal?: AbortSignal;
}

/** Names of the options of a watch. */
export const watchOptions = ['signal'] as const satisfies readonly (keyof WatchOptions)[];

/**
 * Yields a generation as it is, and after each change, until it is final. A reader that leaves the loop ends the watch.
 * @throws the errors of a wait, but for its time-out.
 */
export async function* watchGeneration(
  generationId: string,
  dependencies: WaitDependencies,
  { signal }: WatchOptions,
): AsyncGenerator<GenerationView, void, undefined> {
  const left = new AbortController();
  const pictures: GenerationView[] = [];
  let isOver = false;
  let tell = (): void => undefined;
  const whole = waitUntilFinal(generationId, dependencies, {
    timeoutMs: Infinity,
    signal: signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]),
    onProgress: (picture) => {
      pictures.push(picture);
      tell();
    },
  }).finally(() => {
    isOver = true;
    tell();
  });
  // Awaited below; a reader that left does not hear of its end.
  whole.catch(() => undefined);
  try {
    for (;;) {
      const picture = pictures.shift();
      if (picture !== undefined) yield picture;
      else if (isOver) break;
      else await new Promise<void>((resolve) => (tell = resolve));
    }
    await whole;
  } finally {
    left.abort();
  }
}
