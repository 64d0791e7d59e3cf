import { capNames, capWords, formatUsd, parseUsd, type CapName } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import type { Act } from './add-act.ts';

export type ActStore = Pick<GenerationStore, 'findCaps' | 'restrictCaps' | 'pauseBuying' | 'resumeBuying' | 'readTime'>;

const capOf = (name: string | undefined): CapName | undefined => capNames.find((cap) => cap === name);

/**
 * Builds the acts on the store. The dashboard writes to Redis alone: what restricts holds there at once, and a worker records it in the bucket;
 * what permits more needs the bucket first, and is a command's.
 * @param wakeAll Wakes the purchases that rest because buying was paused.
 */
export const buildStoreActs = (store: ActStore, wakeAll: () => Promise<number>): readonly Act[] => [
  {
    name: 'lower-cap',
    url: '/spend/caps',
    back: () => 'spend',
    on: ({ cap, usd }) => `${capOf(cap) ?? 'no cap'} to ${usd} USD`,
    async run({ cap, usd = '', reason }, _id, who) {
      const name = capOf(cap);
      if (name === undefined) throw new RangeError(`There is no such cap: ${capNames.join(', ')}.`);
      const nanoUsd = parseUsd(usd);
      if (nanoUsd < 1) throw new RangeError('A cap is more than nothing. To stop buying, pause it on the page of health.');
      const before = (await store.findCaps())?.caps[name];
      if (!(await store.restrictCaps({ [name]: nanoUsd }, { who, reason })))
        throw new RangeError(
          `Nothing was changed: the cap is ${before === undefined ? 'not known' : `${formatUsd(before)} USD`}, and this page only lowers caps. To raise it: darkroom caps --${capWords[name].option} ${usd}`,
        );
      return `The cap was lowered to ${formatUsd(nanoUsd)} USD. It holds now; a worker records it.`;
    },
  },
  {
    name: 'pause',
    url: '/health/pause',
    back: () => 'health',
    on: () => 'buying',
    async run({ reason }, _id, by) {
      const isNew = await store.pauseBuying({ kind: 'operator', reason, since: await store.readTime(), by });
      return isNew ? 'Buying is paused. A worker records it.' : 'An operator had paused buying before; that pause keeps its reason.';
    },
  },
  {
    name: 'resume-account',
    url: '/health/resume',
    back: () => 'health',
    on: () => 'account',
    async run() {
      const lifted = await store.resumeBuying(['account']);
      const woken = lifted === 0 ? 0 : await wakeAll();
      return lifted === 0 ? 'The account was not paused.' : `The account is tried again; ${woken} waiting purchases go on.`;
    },
  },
];
