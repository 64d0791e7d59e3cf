import type { Producer } from '@darkroom/producer';
import type { Act } from './add-act.ts';

const back = (id: string): string => `generations/${encodeURIComponent(id)}`;
const on = (_fields: unknown, id: string): string => id;

/** Builds the acts on one generation, through the library. */
export const buildGenerationActs = (producer: Pick<Producer, 'cancel' | 'retry' | 'erase'>): readonly Act[] => [
  {
    name: 'cancel',
    url: '/generations/:id/cancel',
    back,
    on,
    async run(_fields, id) {
      const status = await producer.cancel(id);
      return status === 'cancelled' ? 'Cancelled.' : `It is ${status}: what was sent comes home, the rest is never bought.`;
    },
  },
  {
    name: 'retry',
    url: '/generations/:id/retry',
    back,
    on,
    async run({ mayPayAgain, reason }, id) {
      const again = mayPayAgain === 'yes' ? { mayPayAgain: true as const, reason } : {};
      const { generationId, created } = await producer.retry(id, again);
      return created ? `Bought again as ${generationId}.` : `${generationId} buys it again already.`;
    },
  },
  {
    name: 'erase',
    url: '/generations/:id/erase',
    back,
    on,
    async run({ sure, cancel }, id) {
      if (sure !== 'yes') throw new RangeError('Nothing was erased: the box "It cannot be undone" was not checked.');
      const { status } = await producer.erase(id, { cancel: cancel === 'yes' });
      return status === 'erased' ? 'Erased.' : 'The eraser has been asked. Look here again until it says that it was erased.';
    },
  },
];
