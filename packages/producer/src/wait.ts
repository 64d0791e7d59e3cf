import {
  DarkroomError,
  describeGiven,
  GenerationError,
  isFinalGeneration,
  QueueUnavailableError,
  StoreNotInitialisedError,
  type GenerationView,
  type ModelRequest,
  type Problem,
} from '@darkroom/contracts';
import type { Aborts } from './aborts.ts';
import type { Subscriptions } from './subscriptions.ts';

/**
 * Rests of a wait between two looks, in milliseconds: `heardMs` while it is subscribed, because Redis may lose an announcement;
 * `unheardMs` is the first rest without a subscription, which doubles three times. Each rest is up to a fourth shorter, so that many
 * waits do not look at once.
 */
export interface LookEvery {
  heardMs: number;
  unheardMs: number;
}

export const defaultLookEvery: Readonly<LookEvery> = { heardMs: 60_000, unheardMs: 2000 };

export interface WaitOptions {
  /** Longest wait, in milliseconds. Defaults to 10 minutes. */
  timeoutMs?: number;
  /** Ends the wait early; the generation keeps running. */
  signal?: AbortSignal;
  /** Called with the generation after each look at which it had changed. */
  onProgress?: (generation: GenerationView) => void;
}

/** Names of the options of a wait. */
export const waitOptions = ['timeoutMs', 'signal', 'onProgress'] as const satisfies readonly (keyof WaitOptions)[];

/** Returns the problems of the options of a wait, apart from their names. */
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

/** Dependencies of a wait. */
export interface WaitDependencies {
  find(generationId: string, knownRequest?: ModelRequest): Promise<GenerationView | undefined>;
  subscriptions: Subscriptions;
  aborts: Aborts;
  random(): number;
  lookEvery: LookEvery;
}

/**
 * Waits until a generation is final. Outlasts an outage of Redis and a loss of its memory; throws at once if the first look meets a fault that
 * only an operator can mend, a store that is not open among them (StoreNotInitialisedError).
 * @throws GenerationError "generation.wait-timeout" after the timeout, "generation.not-found" if there is none;
 * QueueUnavailableError if Redis is away at the end of the time, or the producer is closed; the reason of the signal if it aborts.
 */
export async function waitUntilFinal(
  generationId: string,
  { find, subscriptions, aborts, random, lookEvery }: WaitDependencies,
  { timeoutMs = 600_000, signal, onProgress }: WaitOptions,
): Promise<GenerationView> {
  signal?.throwIfAborted();
  let wake: () => void = () => undefined;
  let changed = false;
  const subscription = subscriptions.listen(generationId, (announcement) => {
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
  let request: ModelRequest | undefined;
  let looks = 0;
  try {
    for (;;) {
      changed = false;
      const seen = await Promise.race([find(generationId, request).then(found, missed), aborted]);
      signal?.throwIfAborted();
      looks += 1;
      if (seen instanceof DarkroomError) {
        const isClosed = seen.details['reason'] === 'producer-closed';
        const needsOperator = looks === 1 && NEEDS_OPERATOR.has(String(seen.details['reason'] ?? seen.code));
        if (isClosed || needsOperator || performance.now() >= endsAt) throw seen;
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

  /** Rests; a change or the abort ends it early. */
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

/** Turns an outage, or the loss of all memory, into a value and rethrows any other error. */
function missed(error: unknown): DarkroomError {
  if (error instanceof QueueUnavailableError || error instanceof StoreNotInitialisedError) return error;
  throw error;
}

/** Returns true if an announcement is about the generation, which may now be final, and not about one submission. */
const isAboutTheWhole = (announcement: string): boolean => announcement.includes('"event":"generation.');

/** Reasons, or codes of errors without one, that end only when an operator acts. */
const NEEDS_OPERATOR: ReadonlySet<string> = new Set([
  'store.not-initialised',
  'damaged',
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
    `generation "${generationId}" is "${status}" after ${timeoutMs} ms; it is still running, and you can wait for it again`,
    { details: { generationId } },
  );
