import {
  defined,
  formatUsd,
  GenerationError,
  isFinalGeneration,
  parseUsd,
  quote,
  RetryRefusedError,
  type GenerationView,
  type NanoUsd,
} from '@darkroom/contracts';
import type { ListOptions } from '@darkroom/producer';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import { listOptionsOf, type FilterValues } from '../commands/filters.ts';
import type { ClientProducer } from './client.ts';
import { eachOf } from './each-of.ts';
import { withClient } from './open-client.ts';
import { walkList } from './walk-list.ts';

interface ManyValues extends FilterValues {
  readonly dataDir: string | undefined;
  readonly generationIds: readonly string[];
  readonly dryRun: boolean;
}

/** A change of one generation, which is safe to repeat. */
interface Change {
  /** Past tense, for the counts. */
  readonly done: string;
  /** Says what the money of a dry run is. */
  readonly money: string;
  /** Returns true if there is nothing to change: the generation is left out of the counts. */
  isLeftOut(view: GenerationView): boolean;
  /** Images and money that the change concerns. */
  weigh(view: GenerationView): { images: number; nanoUsd: NanoUsd };
  /** @returns the outcome, as JSON and in words. @throws DarkroomError */
  make(producer: ClientProducer, generationId: string): Promise<{ data: object; words: string }>;
}

const openImages = ({ images }: GenerationView): number => images.filter(({ status }) => status === 'open').length;

export const runCancel = (values: ManyValues, context: CommandContext): Promise<ExitCode> =>
  changeMany(values, context, {
    done: 'cancelled',
    money: 'on hold, of which what is not sent yet is freed',
    isLeftOut: ({ status }) => isFinalGeneration(status),
    weigh: (view) => ({ images: openImages(view), nanoUsd: parseUsd(view.reservedUsd) }),
    async make(producer, generationId) {
      const status = await producer.cancel(generationId);
      return { data: { status }, words: status === 'cancelled' ? 'cancelled' : `${status}: what was sent comes home` };
    },
  });

/** Images that a retry would buy again. @param mayPayAgain Counts those that may be paid for twice too. */
const missingImages = ({ images }: GenerationView, mayPayAgain: boolean): number =>
  images.filter(({ status }) => status === 'failed' || (mayPayAgain && (status === 'lost' || status === 'unknown'))).length;

export const runRetry = (
  values: ManyValues & { mayPayAgain: boolean; reason: string | undefined },
  context: CommandContext,
): Promise<ExitCode> =>
  changeMany(values, context, {
    done: 'bought again',
    money: 'at most',
    isLeftOut: (view) => missingImages(view, values.mayPayAgain) === 0,
    weigh(view) {
      const images = missingImages(view, values.mayPayAgain);
      return { images, nanoUsd: images * quote(view.request).imageNanoUsd };
    },
    async make(producer, generationId) {
      const again = values.mayPayAgain ? { mayPayAgain: true as const, ...defined({ reason: values.reason }) } : {};
      const { generationId: retryId, created, replaces } = await producer.retry(generationId, again);
      return { data: { retryId, created, images: replaces }, words: `${retryId}${created ? '' : ', which was there already'}` };
    },
  });

export const runErase = (values: ManyValues & { cancel: boolean; retries: boolean }, context: CommandContext): Promise<ExitCode> =>
  changeMany(values, context, {
    done: 'asked to be erased',
    money: 'spent on them, which stays spent',
    isLeftOut: () => false,
    weigh: ({ images, costUsd }) => ({ images: images.length, nanoUsd: parseUsd(costUsd) }),
    async make(producer, generationId) {
      const { cancel, retries } = values;
      const { status } = await producer.erase(generationId, { cancel, retries });
      return { data: { status }, words: status === 'erased' ? 'erased' : 'the eraser has been asked' };
    },
  });

const SIDE_BY_SIDE = 16;

/** Changes the named generations, or all that pass a filter, and reports each. @returns 1 if one could not be changed. */
const changeMany = (values: ManyValues, context: CommandContext, change: Change): Promise<ExitCode> =>
  withClient({ dataDir: values.dataDir }, context, async ({ producer }) => {
    const { notes, answer, terminal, signals } = context;
    const total = { generations: 0, images: 0, nanoUsd: 0, failed: 0 };
    const one = async (generationId: string): Promise<void> => {
      try {
        // A named one that is not there is an error; one of a list may be erased meanwhile.
        const view = await producer.get(generationId);
        if (change.isLeftOut(view) && values.generationIds.length === 0) return;
        const { images, nanoUsd } = change.weigh(view);
        if (!values.dryRun) {
          const { data, words } = await change.make(producer, generationId);
          answer({ generationId, ...data }, [`${generationId}  ${words}`]);
        }
        total.generations += 1;
        total.images += images;
        total.nanoUsd += nanoUsd;
      } catch (error) {
        if (error instanceof GenerationError && error.code === 'generation.erased' && values.generationIds.length === 0) return;
        // Only what concerns this one generation leaves the others to be changed.
        if (!(error instanceof GenerationError || error instanceof RetryRefusedError)) throw error;
        total.failed += 1;
        terminal.complain(`${generationId}  ${error.message}`);
        if (context.isJson) answer({ generationId, error: { code: error.code, message: error.message } }, []);
      }
    };
    for await (const page of pagesOf(values, producer, notes)) {
      signals.stop.throwIfAborted();
      await eachOf(page, SIDE_BY_SIDE, one);
    }
    const { generations, images, nanoUsd, failed } = total;
    const words = `${generations} ${generations === 1 ? 'generation' : 'generations'} with ${images} ${images === 1 ? 'image' : 'images'}, ${formatUsd(nanoUsd)} USD ${change.money}`;
    if (values.dryRun) answer({ dryRun: true, generations, images, usd: formatUsd(nanoUsd) }, [`${words}; nothing was changed`]);
    else notes.print(`${change.done}: ${words}${failed === 0 ? '' : `; ${failed} could not be`}`);
    return failed === 0 ? 0 : 1;
  });

async function* pagesOf(
  values: ManyValues,
  producer: ClientProducer,
  notes: CommandContext['notes'],
): AsyncGenerator<string[], void, undefined> {
  if (values.generationIds.length > 0) {
    yield [...values.generationIds];
    return;
  }
  const filter: ListOptions = listOptionsOf(values);
  // A retry makes generations of its own, which the walk must not meet.
  const createdBefore = filter.createdBefore ?? new Date();
  if (filter.createdBefore === undefined && !values.dryRun)
    notes.print(
      `takes those that are there now; after a kill the same command goes on with --created-before ${new Date(createdBefore).toISOString()}`,
    );
  for await (const page of walkList(producer, { ...filter, createdBefore })) yield page.map(({ generationId }) => generationId);
}
