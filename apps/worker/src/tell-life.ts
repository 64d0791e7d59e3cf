import type { GenerationStore } from '@darkroom/generation-store';
import type { Service } from '@darkroom/service-runtime';

/** Time between two signs of life: a few of them may be lost before the fleet counts as dead. */
const EVERY_MS = 5000;

/** Tells the store again and again that a worker lives. A sign that fails is left out: the next one follows. */
export function tellLife(store: Pick<GenerationStore, 'noteWorkerSeen'>): Service & { start(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  const tell = (): Promise<void> => store.noteWorkerSeen().catch(() => undefined);
  return {
    async start() {
      await tell();
      timer ??= setInterval(() => void tell(), EVERY_MS);
    },
    async stop() {
      clearInterval(timer);
    },
  };
}
