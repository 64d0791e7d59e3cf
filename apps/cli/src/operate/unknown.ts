import {
  ForeignBucketError,
  formatRef,
  formatUsd,
  LocalStackError,
  StorageError,
  taskUuidOf,
  type SubmissionRef,
} from '@darkroom/contracts';
import type { UnknownOutcomes } from '@darkroom/generation-store';
import { decideOutcome, type Decision } from '@darkroom/purchase';
import type { Terminal } from '../terminal.ts';
import type { Operations } from './open-operations.ts';
import { agoOf } from './time-words.ts';

/** What nobody knows, in words, the oldest first, with what to look for at the provider. */
export function describeUnknown({ count, oldest }: UnknownOutcomes, now: number): string[] {
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
    'look for the taskUUID in the list of usage of Runware, then end the hold:',
    '  npm run darkroom -- unknown --release <generationId>/<index>-<n> --charged   (or --free)',
  ];
}

/** Ends the hold of one. @returns the exit code. */
export async function release(
  ref: SubmissionRef,
  decision: Decision,
  { store, openBucket }: Operations,
  terminal: Pick<Terminal, 'print' | 'complain'>,
): Promise<0 | 1> {
  let storage: Awaited<ReturnType<typeof openBucket>> | undefined;
  try {
    storage = await openBucket();
    const decided = await decideOutcome({ store, archive: storage }, ref, decision);
    if (decided.kind === 'refused') {
      terminal.complain(
        `cannot release ${formatRef(ref)}: only what is unknown to Redis and to the bucket can be decided; Redis calls it ${decided.status}, the bucket ${decided.recorded}; nothing was changed`,
      );
      return 1;
    }
    const { as, isNew, reply } = decided;
    terminal.print(`${formatRef(ref)} was decided ${isNew ? 'now' : 'before, which stands'}: ${WORDS[as]}`);
    if (reply === 'refused-move') terminal.print('its image came home in this very moment: what that cost is booked instead');
    return 0;
  } catch (error) {
    if (!(error instanceof StorageError || error instanceof LocalStackError || error instanceof ForeignBucketError)) throw error;
    terminal.complain(`cannot release ${formatRef(ref)}: ${error.message}; the same command may be given again`);
    return 1;
  } finally {
    storage?.close();
  }
}

const WORDS: Readonly<Record<Decision, string>> = {
  charged: 'charged, so what it held is booked as spent, and its image is lost',
  free: 'free, so its money was given back, and its image has failed',
};
