import { formatUsd, type GenerationStatus } from '@darkroom/contracts';
import type { BulkAct } from '@darkroom/generation-store';
import type { ListOptions, Producer } from '@darkroom/producer';
import { buildRetryChange, cancelChange, type Change } from '@darkroom/producer/shared';
import { filterOf, listOptionsOf, type Filter } from '../generations/read-filter.ts';
import { count } from '../parts/words.ts';

type Caller = Pick<Producer, 'get' | 'cancel' | 'retry'>;

export interface Kind {
  readonly change: Change<Caller>;
  /** Name of the act on its button. */
  readonly words: string;
  /** Statuses of which it may take one, unless the filter names others. */
  readonly statuses: readonly GenerationStatus[];
  /** True if it may take one with such a status at all. */
  readonly takes: (status: GenerationStatus) => boolean;
  /** True if it spends: it ends rather than spend more than was counted. */
  readonly spends: boolean;
}

const isOpen = (status: GenerationStatus): boolean => status === 'queued' || status === 'running';

/** Acts on all generations that pass a filter. What was cancelled on purpose is bought again only if the filter names that status. */
export const kinds: Readonly<Record<BulkAct['kind'], Kind>> = {
  cancel: { change: cancelChange, words: 'Cancel', statuses: ['queued', 'running'], takes: isOpen, spends: false },
  retry: {
    change: buildRetryChange(),
    words: 'Retry',
    statuses: ['failed', 'partial', 'expired'],
    takes: (status) => !isOpen(status) && status !== 'succeeded',
    spends: true,
  },
};

/** Returns the statuses that an act looks at; none if the filter leaves nothing to do. */
export const statusesOf = (kind: BulkAct['kind'], { status }: Filter): readonly GenerationStatus[] =>
  status.length === 0 ? kinds[kind].statuses : status.filter(kinds[kind].takes);

/** Returns the options of the list of an act. It takes what was there when it was counted: a retry makes generations that it must not meet. */
export function optionsOf({ kind, filter: text, createdBefore }: Pick<BulkAct, 'kind' | 'filter' | 'createdBefore'>): ListOptions {
  const filter = filterOf(text);
  const options = listOptionsOf({ ...filter, id: '', cursor: '' });
  return {
    ...options,
    status: statusesOf(kind, filter),
    createdBefore: Math.min(createdBefore, Number(options.createdBefore ?? createdBefore)),
  };
}

/** Describes what an act takes: "12 generations with 14 images, at most 0.28 USD". */
export function describeAmount(
  kind: BulkAct['kind'],
  { generations, images, nanoUsd }: { generations: number; images: number; nanoUsd: number },
): string {
  const money = kind === 'cancel' ? `${formatUsd(nanoUsd)} USD on hold` : `at most ${formatUsd(nanoUsd)} USD`;
  return `${count(generations)} ${generations === 1 ? 'generation' : 'generations'} with ${count(images)} ${images === 1 ? 'image' : 'images'}, ${money}`;
}
