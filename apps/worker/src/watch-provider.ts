import type { ProviderFault } from '@darkroom/contracts';
import type { RunwareClient } from '@darkroom/runware-client';
import { createOutageLines, type Logger } from '@darkroom/service-runtime';

export interface WatchProviderOptions {
  /** Address of the provider. Logs leave out its path, which may hold a secret of a gateway. */
  readonly url: string;
  /** The first wait before a look at a provider that is away, in milliseconds. It doubles up to `maxMs`. */
  readonly firstMs: number;
  readonly maxMs: number;
}

export interface WatchProviderDependencies {
  readonly logger: Logger;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Returns the id of a task that does not exist. */
  readonly createId: () => string;
  /** Stops the looks when aborted. */
  readonly signal: AbortSignal;
}

/**
 * Logs when the provider stops answering and when it answers again. While it is away and no run asks it anything, a free question
 * about a task that does not exist finds out.
 */
export function watchProvider(
  provider: RunwareClient,
  { url, firstMs, maxMs }: WatchProviderOptions,
  { logger, now, createId, signal }: WatchProviderDependencies,
): RunwareClient {
  const lines = createOutageLines({ name: 'provider', about: { url: new URL(url).origin } }, logger, now);
  let waitMs = firstMs;
  let timer: NodeJS.Timeout | undefined;
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });

  const note = (silence: ProviderFault | undefined, begunAt: number): void => {
    if (silence === undefined) {
      lines.noteThere();
      clearTimeout(timer);
      timer = undefined;
      waitMs = firstMs;
      return;
    }
    lines.noteAway(`${silence.code}${silence.httpStatus === undefined ? '' : ` (${silence.httpStatus})`}`, begunAt);
    if (timer === undefined && !signal.aborted) timer = setTimeout(() => void look(), waitMs);
  };
  const ask = async <State extends { kind: string; fault?: ProviderFault }>(asked: Promise<State>): Promise<State> => {
    const begunAt = now();
    const state = await asked;
    const fault = state.kind === 'inconclusive' ? state.fault : undefined;
    note(fault !== undefined && silent.has(fault.class) ? fault : undefined, begunAt);
    return state;
  };
  async function look(): Promise<void> {
    timer = undefined;
    waitMs = Math.min(maxMs, waitMs * 2);
    await ask(provider.lookUp(createId(), signal));
  }

  return {
    ...provider,
    async submit(order, orderSignal) {
      const begunAt = now();
      const verdict = await provider.submit(order, orderSignal);
      if (orderSignal?.aborted !== true)
        note(verdict.kind === 'unknown' || verdict.kind === 'not-sent' ? verdict.fault : undefined, begunAt);
      return verdict;
    },
    lookUp: (taskUUID, asked) => ask(provider.lookUp(taskUUID, asked)),
    lookUpDetails: (taskUUID, asked) => ask(provider.lookUpDetails(taskUUID, asked)),
    checkAccount: (question, asked) => ask(provider.checkAccount(question, asked)),
  };
}

/** Faults that are not an answer of the provider. */
const silent: ReadonlySet<ProviderFault['class']> = new Set(['network', 'timeout', 'server']);
