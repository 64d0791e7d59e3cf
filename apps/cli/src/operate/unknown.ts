import {
  ForeignBucketError,
  formatRef,
  formatUsd,
  LocalStackError,
  StorageError,
  taskUuidOf,
  type SubmissionRef,
} from '@darkroom/contracts';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import type { UnknownOutcomes } from '@darkroom/generation-store';
import { decideOutcome, type Decision } from '@darkroom/purchase';
import type { Operations } from './open-operations.ts';
import { agoOf } from './time-words.ts';
import { withOperations } from './with-operations.ts';

/** About one screen of lines. */
const SHOWN = 40;

interface UnknownValues {
  readonly dataDir: string | undefined;
  /** Holds to end; none: the command lists. */
  readonly refs: readonly SubmissionRef[];
  readonly decision: Decision;
}

/** Lists the unknown outcomes: 3 while there is one. Or ends holds, each by itself: 1 if one could not be ended. @returns the exit code. */
export const runUnknown = (values: UnknownValues, context: CommandContext): Promise<ExitCode> =>
  withOperations(values, context, async (operations) => {
    if (values.refs.length > 0) {
      let code: 0 | 1 = 0;
      for (const ref of values.refs) code = (await endHold(ref, values.decision, operations, context)) === 0 ? code : 1;
      return code;
    }
    const outcomes = await operations.store.readUnknown(SHOWN);
    context.answer(dataOf(outcomes), describeUnknown(outcomes, Date.now()));
    return outcomes.count === 0 ? 0 : 3;
  });

const dataOf = ({ count, oldest }: UnknownOutcomes) => ({
  count,
  oldest: oldest.map(({ ref, tenant, heldNanoUsd, since }) => ({
    submission: formatRef(ref),
    taskUUID: taskUuidOf(ref),
    tenant,
    heldUsd: formatUsd(heldNanoUsd),
    since,
  })),
});

/** Describes the unknown outcomes, the oldest first, each with the taskUUID to look for at the provider. */
function describeUnknown({ count, oldest }: UnknownOutcomes, now: number): string[] {
  if (count === 0) return ['nothing is unknown'];
  const lines = oldest.map(
    ({ ref, tenant, heldNanoUsd, since }) =>
      `  ${formatRef(ref)}  holds ${formatUsd(heldNanoUsd)} USD of "${tenant}", given up ${agoOf(since, now)}; taskUUID ${taskUuidOf(ref)}`,
  );
  const more = count - oldest.length;
  return [
    `${count} ${count === 1 ? 'outcome is' : 'outcomes are'} unknown:`,
    ...lines,
    ...(more > 0 ? [`  and ${more} more`] : []),
    "look for the taskUUID in Runware's list of usage, then end the hold:",
    '  darkroom unknown --release <generationId>/<index>-<n> --charged   (or --free)',
  ];
}

/** Ends the hold of one submission. @returns the exit code. */
async function endHold(
  ref: SubmissionRef,
  decision: Decision,
  { store, openBucket }: Operations,
  { terminal, answer }: Pick<CommandContext, 'terminal' | 'answer'>,
): Promise<0 | 1> {
  let storage: Awaited<ReturnType<typeof openBucket>> | undefined;
  try {
    storage = await openBucket();
    const decided = await decideOutcome({ store, archive: storage }, ref, decision);
    if (decided.kind === 'refused') {
      terminal.complain(
        `cannot end the hold of ${formatRef(ref)}: only an outcome that is unknown in Redis and in the bucket can be decided; Redis calls it ${decided.status}, the bucket ${decided.recorded}; nothing was changed`,
      );
      return 1;
    }
    const { as, isNew, reply } = decided;
    const hasArrived = reply === 'refused-move';
    answer({ submission: formatRef(ref), decision: as, isNew, hasArrived }, [
      `${formatRef(ref)} ${isNew ? 'is decided now' : 'had already been decided'}: ${WORDS[as]}`,
      ...(hasArrived ? ['its image arrived meanwhile, so its actual cost was booked'] : []),
    ]);
    return 0;
  } catch (error) {
    if (!(error instanceof StorageError || error instanceof LocalStackError || error instanceof ForeignBucketError)) throw error;
    terminal.complain(`cannot end the hold of ${formatRef(ref)}: ${error.message}; the same command can be run again`);
    return 1;
  } finally {
    storage?.close();
  }
}

const WORDS: Readonly<Record<Decision, string>> = {
  charged: 'charged; its hold is booked as spent, and its image is lost',
  free: 'free; its money was given back, and its image has failed',
};
