import {
  describeGiven,
  GenerationError,
  isFinalGeneration,
  QueueUnavailableError,
  type GenerationView,
  type GrokImagineRequest,
  type Problem,
} from '@darkroom/contracts';
import type { Aborts } from './aborts.ts';
import type { Changes } from './changes.ts';

/**
 * How long a wait rests between two looks, in milliseconds: while changes are heard, because an announcement may be lost; and the first
 * rest while they are not, which doubles three times. Each rest is up to a fourth shorter, so that many waits do not look at once.
 */
export interface LookEvery {
  heardMs: number;
  unheardMs: number;
}

export const defaultLookEvery: Readonly<LookEvery> = { heardMs: 60_000, unheardMs: 2000 };

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

/** What a wait needs of its producer. */
export interface WaitSurroundings {
  find(generationId: string, knownRequest?: GrokImagineRequest): Promise<GenerationView | undefined>;
  changes: Changes;
  aborts: Aborts;
  random(): number;
  lookEvery: LookEvery;
}

/**
 * Waits until a generation is final. An outage of Redis is waited out; what only a person ends is thrown if the first look meets it.
 * @throws GenerationError "generation.wait-timeout" when the time is over, "generation.not-found" when there is none;
 * QueueUnavailableError when Redis is away at the end of the time, or the producer is closed; the reason of the signal when it aborts.
 */
export async function waitUntilFinal(
  generationId: string,
  { find, changes, aborts, random, lookEvery }: WaitSurroundings,
  { timeoutMs = 600_000, signal, onProgress }: WaitOptions,
): Promise<GenerationView> {
  signal?.throwIfAborted();
  let wake: () => void = () => undefined;
  let changed = false;
  const subscription = changes.listen(generationId, (announcement) => {
    if (onProgress === undefined && announcement !== undefined && !isAboutTheWhole(announcement)) return;
    changed = true;
    wake();
  });
  let abort: () => void = () => undefined;
  const aborted = new Promise<void>((resolve) => (abort = resolve));
  const stopListening =
    signal &&
    aborts.listen(signal, () => {
      abort();
      wake();
    });
  const endsAt = performance.now() + timeoutMs;
  let shown = '';
  let request: GrokImagineRequest | undefined;
  let looks = 0;
  try {
    for (;;) {
      changed = false;
      const seen = await Promise.race([find(generationId, request).then(found, missed), aborted]);
      signal?.throwIfAborted();
      looks += 1;
      if (seen instanceof QueueUnavailableError) {
        const isClosed = seen.details['reason'] === 'producer-closed';
        const needsPerson = looks === 1 && ENDED_BY_A_PERSON.has(String(seen.details['reason']));
        if (isClosed || needsPerson || performance.now() >= endsAt) throw seen;
      } else {
        const { generation } = seen ?? {};
        if (generation === undefined) throw new GenerationError('generation.not-found', `no generation has the id "${generationId}"`);
        ({ request } = generation);
        if (onProgress !== undefined) {
          const picture = JSON.stringify(generation);
          if (picture !== shown) onProgress(generation);
          shown = picture;
        }
        if (isFinalGeneration(generation.status)) return generation;
        if (performance.now() >= endsAt) throw timeout(generation, timeoutMs);
      }
      if (changed) continue;
      const restMs = subscription.isHeard() ? lookEvery.heardMs : lookEvery.unheardMs * 2 ** Math.min(looks - 1, 3);
      await rest(Math.min(Math.max(0, endsAt - performance.now()), restMs * (1 - random() / 4)));
      signal?.throwIfAborted();
    }
  } finally {
    stopListening?.();
    subscription.end();
  }

  /** Ends early at a change, and at the abort. */
  function rest(ms: number): Promise<void> {
    return new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const found = (generation: GenerationView | undefined) => ({ generation });

/** Turns an outage into a value; everything else is thrown on. */
function missed(error: unknown): QueueUnavailableError {
  if (error instanceof QueueUnavailableError) return error;
  throw error;
}

/** Whether an announcement is about the generation, which may be final by it, and not about one submission. */
const isAboutTheWhole = (announcement: string): boolean => announcement.includes('"event":"generation.');

/** Reasons why Redis cannot be used that do not end by themselves. */
const ENDED_BY_A_PERSON: ReadonlySet<string> = new Set([
  'unauthenticated',
  'no-permission',
  'wrong-database',
  'not-redis',
  'cluster',
  'sentinel',
]);

const timeout = ({ generationId, status }: GenerationView, timeoutMs: number): GenerationError =>
  new GenerationError(
    'generation.wait-timeout',
    `generation "${generationId}" is "${status}" after ${timeoutMs} ms; it goes on, and can be waited for again`,
    { details: { generationId } },
  );
