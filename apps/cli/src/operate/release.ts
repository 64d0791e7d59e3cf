import { taskUuidOf, type ImageView, type SubmissionRef } from '@darkroom/contracts';
import { imageKey } from '@darkroom/object-storage';
import { releaseImage } from '@darkroom/recovery';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import type { Operations } from './open-operations.ts';
import { recordOrReport } from './record-or-report.ts';
import { withOperations } from './with-operations.ts';

interface ReleaseValues {
  readonly dataDir: string | undefined;
  readonly generationId: string;
  readonly index: number;
  readonly reason: string | undefined;
}

/**
 * Lets a withheld image be seen; without a reason tells where it lies, so that an operator can look at it first.
 * @returns the exit code: 0 only if S3 has the release.
 */
export const runRelease = (values: ReleaseValues, context: CommandContext): Promise<ExitCode> =>
  withOperations(values, context, (operations) => releaseWithheld(values, operations, context));

async function releaseWithheld(
  { generationId, index, reason }: ReleaseValues,
  { store, openBucket }: Operations,
  { terminal, answer }: CommandContext,
): Promise<0 | 1> {
  const name = `image ${index} of generation ${generationId}`;
  const refuse = (why: string): 1 => {
    terminal.complain(`cannot release ${name}: ${why}`);
    return 1;
  };
  const generation = await store.find(generationId);
  if (generation === undefined) return refuse('Redis has no generation of this id');
  const view = generation.images[index];
  if (view === undefined) return refuse(`the generation has ${generation.images.length} images, from 0`);
  if (view.withheld !== true) return refuse(`it is not withheld; it is "${view.status}"`);
  const ref = shownOf({ generationId, index }, view);
  if (reason === undefined) {
    const verdict = view.nsfwContent === true ? 'the content check flagged it' : 'nothing tells what the content check found';
    const key = imageKey(ref, generation.request.outputFormat);
    answer({ generationId, index, withheld: true, nsfwContent: view.nsfwContent ?? null, key }, [
      `withheld  ${name}: ${verdict}`,
      `          ${key} in the bucket; --reason <text> releases it`,
    ]);
    return 0;
  }
  const hold = async (): Promise<string> => 'the image stays withheld; the same command can be run again';
  return recordOrReport(openBucket, terminal, hold, async (archive) => {
    const released = await releaseImage({ store, archive }, ref, reason);
    switch (released.kind) {
      case 'released':
        answer({ generationId, index, withheld: false, isNew: true }, [`released  ${name} (recorded in S3)`]);
        return 0;
      case 'already':
        answer({ generationId, index, withheld: false, isNew: false, reason: released.reason }, [
          `released  ${name}, as before, because: ${released.reason}`,
        ]);
        return 0;
      case 'recovering':
        terminal.complain(
          `redis restarted, and a worker asks S3 for what Redis may have forgotten: nothing is released until then. Run the command again in a few seconds`,
        );
        return 1;
      default:
        return released satisfies never;
    }
  });
}

/** Returns the submission that a view shows. */
function shownOf(of: Pick<SubmissionRef, 'generationId' | 'index'>, { submissions, taskUUID }: ImageView): SubmissionRef {
  const all = Array.from({ length: submissions }, (_, at): SubmissionRef => ({ ...of, n: at + 1 }));
  return all.find((ref) => taskUuidOf(ref) === taskUUID) ?? { ...of, n: submissions };
}
