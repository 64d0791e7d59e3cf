import { LocalStackError } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';

const EVERY_MS = 250;

/**
 * Watches for a pause because of the account and for a worker that may not buy, under which a user at the screen would wait in vain.
 * @param onPause Called once, with an error that says what to do.
 * @returns a function that stops watching.
 */
export function watchForAccountPause(
  store: Pick<GenerationStore, 'pauses' | 'heldWorkers'>,
  onPause: (error: LocalStackError) => void,
): () => Promise<void> {
  const stopping = new AbortController();
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      const pause = await Promise.all([store.pauses(), store.heldWorkers()]).then(
        ([pauses, held]) => pauses.find(({ kind }) => kind === 'account') ?? held[0],
        () => undefined, // the wait for results reports a Redis that is away
      );
      if (pause !== undefined && !stopping.signal.aborted) {
        onPause(
          new LocalStackError(
            `buying is paused, because ${pause.kind === 'account' ? 'the provider refused the account' : pause.kind === 'refusing' ? 'the provider refuses the plainest purchase' : 'the server that answers is not the provider'}: ${pause.reason}\nimages bought before still came home; correct ${pause.kind === 'foreign' ? 'RUNWARE_URL' : 'the key, permission or balance'} and start again`,
          ),
        );
        return;
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, EVERY_MS);
        stopping.signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
      });
    }
  })();
  return async () => {
    stopping.abort();
    await watching;
  };
}
