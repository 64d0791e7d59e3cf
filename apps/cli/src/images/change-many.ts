import { formatUsd, parseUsd } from '@darkroom/contracts';
import type { ListOptions } from '@darkroom/producer';
import { buildRetryChange, cancelChange, changeOne, eachOf, walkList, type Change } from '@darkroom/producer/shared';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import { listOptionsOf, type FilterValues } from '../commands/filters.ts';
import type { ClientProducer } from './client.ts';
import { noteReason } from './note-reason.ts';
import { withClient } from './open-client.ts';

interface ManyValues extends FilterValues {
  readonly dataDir: string | undefined;
  readonly generationIds: readonly string[];
  readonly dryRun: boolean;
  readonly reason: string | undefined;
}

export const runCancel = (values: ManyValues, context: CommandContext): Promise<ExitCode> =>
  changeMany('cancel', values, context, cancelChange);

export const runRetry = (
  { mayPayAgain, reason, ...values }: ManyValues & { mayPayAgain: boolean },
  context: CommandContext,
): Promise<ExitCode> =>
  // with `mayPayAgain` the record of each purchase keeps the reason, for good
  changeMany('retry', { ...values, reason: mayPayAgain ? undefined : reason }, context, buildRetryChange({ mayPayAgain, reason }));

export const runErase = (values: ManyValues & { cancel: boolean; retries: boolean }, context: CommandContext): Promise<ExitCode> =>
  changeMany('erase', values, context, {
    done: 'asked to be erased',
    money: 'spent on them, which stays spent',
    isLeftOut: () => false,
    weigh: ({ images, costUsd }) => ({ images: images.length, nanoUsd: parseUsd(costUsd) }),
    async make(producer, generationId) {
      const { cancel, retries } = values;
      const { status } = await producer.erase(generationId, { cancel, retries });
      return { isNew: true, data: { status }, words: status === 'erased' ? 'erased' : 'the eraser has been asked' };
    },
  });

const SIDE_BY_SIDE = 16;

/**
 * Changes the named generations, or all that pass a filter, and reports each.
 * @param act Its name in the log of acts. @returns 1 if one could not be changed.
 */
const changeMany = (act: string, values: ManyValues, context: CommandContext, change: Change<ClientProducer>): Promise<ExitCode> =>
  withClient({ dataDir: values.dataDir }, context, async ({ producer }) => {
    const { reason, dryRun } = values;
    if (reason !== undefined && !dryRun) await noteReason(act, { ...values, reason }, context);
    const { notes, answer, terminal, signals } = context;
    const total = { generations: 0, images: 0, nanoUsd: 0, failed: 0 };
    const options = { isDryRun: values.dryRun, isNamed: values.generationIds.length > 0 };
    const one = async (generationId: string): Promise<void> => {
      const result = await changeOne(producer, change, generationId, options);
      if (result.kind === 'left-out') return;
      if (result.kind === 'refused') {
        const { code, message } = result.error;
        total.failed += 1;
        terminal.complain(`${generationId}  ${message}`);
        if (context.isJson) answer({ generationId, error: { code, message } }, []);
        return;
      }
      const { images, nanoUsd, changed } = result;
      if (changed !== undefined) answer({ generationId, ...changed.data }, [`${generationId}  ${changed.words}`]);
      total.generations += 1;
      total.images += images;
      total.nanoUsd += nanoUsd;
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
