import type { ProviderFault } from '@darkroom/contracts';
import type { RunwareClient } from '@darkroom/runware-client';
import type { OutageLines } from '@darkroom/service-runtime';

/**
 * Tells the lines of an outage what each request to the provider came to: lost when none is answered, regained with the first answer.
 * @param now The clock of the lines.
 */
export function watchProvider(provider: RunwareClient, lines: OutageLines, now: () => number): RunwareClient {
  const note = (silence: ProviderFault | undefined, begunAt: number): void => {
    if (silence === undefined) lines.noteThere();
    else lines.noteAway(`${silence.code}${silence.httpStatus === undefined ? '' : ` (${silence.httpStatus})`}`, begunAt);
  };
  const ask = async <State extends Awaited<ReturnType<RunwareClient['lookUp']>>>(asked: Promise<State>): Promise<State> => {
    const begunAt = now();
    const state = await asked;
    const fault = state.kind === 'inconclusive' ? state.fault : undefined;
    note(fault !== undefined && silent.has(fault.class) ? fault : undefined, begunAt);
    return state;
  };
  return {
    ...provider,
    async submit(order, signal) {
      const begunAt = now();
      const verdict = await provider.submit(order, signal);
      if (signal?.aborted !== true) note(verdict.kind === 'unknown' || verdict.kind === 'not-sent' ? verdict.fault : undefined, begunAt);
      return verdict;
    },
    lookUp: (taskUUID, signal) => ask(provider.lookUp(taskUUID, signal)),
    lookUpDetails: (taskUUID, signal) => ask(provider.lookUpDetails(taskUUID, signal)),
  };
}

/** Faults that are no answer of the provider. */
const silent: ReadonlySet<ProviderFault['class']> = new Set(['network', 'timeout', 'server']);
