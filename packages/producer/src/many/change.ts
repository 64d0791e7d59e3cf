import {
  defined,
  GenerationError,
  GenerationIdError,
  InvalidRequestError,
  isFinalGeneration,
  knownModels,
  parseUsd,
  RequestConflictError,
  RetryRefusedError,
  type DarkroomError,
  type GenerationView,
  type NanoUsd,
  type Quote,
} from '@darkroom/contracts';
import type { Producer } from '../producer.ts';

/** Outcome of a change. */
export interface Changed {
  /** False if the generation was changed in this way before, by another call. */
  isNew: boolean;
  /** For a program. */
  data: object;
  /** For a reader. */
  words: string;
}

/** Images and money that a change of one generation concerns. */
export interface Weight {
  images: number;
  nanoUsd: NanoUsd;
}

/** A change of one generation that is made for many. Safe to repeat. */
export interface Change<Caller> {
  /** Past tense, for the counts. */
  readonly done: string;
  /** Says what the money of a preview is. */
  readonly money: string;
  /** Returns true if there is nothing to change: the generation is left out of the counts. */
  isLeftOut(view: GenerationView): boolean;
  /** Images and money that the change concerns. @throws DarkroomError */
  weigh(view: GenerationView, caller: Caller): Weight | Promise<Weight>;
  /** Indexes of the images that the change takes of one of many; absent for all that it may take. */
  pick?(view: GenerationView): number[];
  /** @param ownId Id of the generation that a retry makes. @param images Those that it takes. @throws DarkroomError */
  make(caller: Caller, generationId: string, ownId?: string, images?: number[]): Promise<Changed>;
}

const openImages = ({ images }: GenerationView): number => images.filter(({ status }) => status === 'open').length;

/** Cancels: what is not sent yet is never bought. */
export const cancelChange: Change<Pick<Producer, 'cancel'>> = {
  done: 'cancelled',
  money: 'on hold, of which what is not sent yet is freed',
  isLeftOut: ({ status }) => isFinalGeneration(status),
  weigh: (view) => ({ images: openImages(view), nanoUsd: parseUsd(view.reservedUsd) }),
  async make(producer, generationId) {
    const status = await producer.cancel(generationId);
    const words = status === 'cancelled' ? 'cancelled' : `${status}: what was sent comes home`;
    return { isNew: true, data: { status }, words };
  },
};

/** Indexes of the images that a retry would buy again. @param mayPayAgain Takes those too that may be paid for twice. */
const missingImages = ({ images }: GenerationView, mayPayAgain: boolean): number[] =>
  images
    .filter(({ status }) => status === 'failed' || (mayPayAgain && (status === 'lost' || status === 'unknown')))
    .map(({ index }) => index);

/** Prices the request of a generation by its model. @throws InvalidRequestError for a model that this version does not know. */
export function quoteOfKnown({ generationId, request }: Pick<GenerationView, 'generationId' | 'request'>): Quote {
  const model = knownModels.find(request.model);
  if (model !== undefined) return model.quote(request);
  const message = `of generation "${generationId}" is not one that this version knows: ${knownModels.ids.join(', ')}`;
  throw new InvalidRequestError([{ path: 'model', message }]);
}

/** Buys again. It may know prices of more models than this version does. */
interface Retrier extends Pick<Producer, 'get' | 'retry'> {
  quoteOf?(view: GenerationView): Promise<Quote>;
}

/**
 * Builds the change that buys the images again that did not succeed.
 * @param mayPayAgain Those too that may be paid for twice; needs a reason.
 */
export const buildRetryChange = ({
  mayPayAgain = false,
  reason,
}: { mayPayAgain?: boolean; reason?: string | undefined } = {}): Change<Retrier> => ({
  done: 'bought again',
  money: 'at most',
  isLeftOut: (view) => missingImages(view, mayPayAgain).length === 0,
  async weigh(view, producer) {
    const images = missingImages(view, mayPayAgain).length;
    const { imageNanoUsd } = (await producer.quoteOf?.(view)) ?? quoteOfKnown(view);
    return { images, nanoUsd: images * imageNanoUsd };
  },
  pick: (view) => missingImages(view, mayPayAgain),
  async make(producer, of, ownId, images) {
    const again = mayPayAgain ? { mayPayAgain: true as const, ...defined({ reason }) } : {};
    const { generationId, created, replaces } = await producer.retry(of, { ...again, ...defined({ generationId: ownId, images }) });
    return {
      isNew: created || generationId === ownId,
      data: { retryId: generationId, created, images: replaces },
      words: `${generationId}${created ? '' : ', which was there already'}`,
    };
  },
});

/** Result of a change for one of many. */
export type ChangedOne =
  | { kind: 'left-out' }
  | ({ kind: 'changed'; changed: Changed | undefined } & Weight)
  | { kind: 'refused'; error: DarkroomError };

export interface ChangeOptions {
  /** Weighs, and changes nothing. */
  isDryRun: boolean;
  /** True for a generation that the caller names: it is changed also if there is nothing to do, and must be there. */
  isNamed?: boolean;
  ownId?: string;
  /** Called before the change with what it concerns. @throws an error that ends the work on all. */
  mayTake?: (weight: Weight) => void;
}

/** Changes one of many. @throws an error that does not concern this generation alone. */
export async function changeOne<Caller extends Pick<Producer, 'get'>>(
  caller: Caller,
  change: Change<Caller>,
  generationId: string,
  { isDryRun, isNamed = false, ownId, mayTake }: ChangeOptions,
): Promise<ChangedOne> {
  try {
    const view = await caller.get(generationId);
    if (!isNamed && change.isLeftOut(view)) return { kind: 'left-out' };
    const weight = await change.weigh(view, caller);
    mayTake?.(weight);
    // of one that the caller names, what cannot be bought again is told
    const images = isNamed ? undefined : change.pick?.(view);
    return { kind: 'changed', ...weight, changed: isDryRun ? undefined : await change.make(caller, generationId, ownId, images) };
  } catch (error) {
    // one of a list may be erased meanwhile
    if (!isNamed && error instanceof GenerationError && error.code === 'generation.erased') return { kind: 'left-out' };
    if (isOfOne(error)) return { kind: 'refused', error };
    throw error;
  }
}

/** Returns true for an error that leaves the other generations to be changed. */
const isOfOne = (error: unknown): error is DarkroomError =>
  error instanceof GenerationError ||
  error instanceof RetryRefusedError ||
  error instanceof RequestConflictError ||
  error instanceof GenerationIdError ||
  error instanceof InvalidRequestError;
