import type { PauseKind, Signature } from '@darkroom/contracts';
import { pauseByOperator, resumeByOperator } from '@darkroom/recovery';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import { describePauses } from './describe-pauses.ts';
import type { Operations } from './open-operations.ts';
import { isNotRecorded, recordOrReport, withBucket } from './record-or-report.ts';
import { findUserName } from './user-name.ts';
import { withOperations } from './with-operations.ts';

type Lines = Pick<CommandContext, 'terminal' | 'answer'>;

export const runPause = (
  values: { dataDir: string | undefined; reason: string; by: string | undefined },
  context: CommandContext,
): Promise<ExitCode> =>
  withOperations(values, context, (operations) =>
    pauseBuying({ reason: values.reason, who: values.by ?? findUserName() }, operations, context, Date.now()),
  );

export const runResume = (
  values: { dataDir: string | undefined; kinds: readonly PauseKind[]; signature: Signature },
  context: CommandContext,
): Promise<ExitCode> => withOperations(values, context, (operations) => resumeBuying(values, operations, context, Date.now()));

/**
 * Pauses all buying, in S3 first. If S3 cannot be written, the pause holds in Redis, and a worker records it later.
 * @param now Milliseconds since 1970. @returns the exit code: 0 only if S3 has the pause.
 */
async function pauseBuying(
  { reason, who }: Signature & { reason: string },
  { store, openBucket }: Operations,
  { terminal, answer }: Lines,
  now: number,
): Promise<0 | 1> {
  let code: 0 | 1 = 0;
  let stood = false;
  try {
    stood = (await withBucket(openBucket, (archive) => pauseByOperator({ store, archive }, reason, who))).kind === 'stands';
  } catch (error) {
    if (!isNotRecorded(error)) throw error;
    stood = !(await store.pauseBuying({ kind: 'operator', reason, since: await store.readTime(), by: who }));
    terminal.complain(
      `the pause is not recorded (recorded: false): ${error.message}\nit holds in Redis, and a worker records it as soon as S3 answers; a Redis that loses its last writes before that forgets it`,
    );
    code = 1;
  }
  const pauses = await store.pauses();
  answer({ pauses, wasPaused: stood, recorded: code === 0 }, [
    ...(stood ? ['an operator had paused buying before; that pause keeps its reason'] : []),
    ...describePauses(pauses, now),
  ]);
  return code;
}

/** Lifts pauses of these kinds. @returns the exit code: 0 only if S3 has the end of an operator's pause. */
async function resumeBuying(
  { kinds, signature: { who = findUserName(), reason } }: { kinds: readonly PauseKind[]; signature: Signature },
  { store, submissions, openBucket }: Operations,
  { terminal, answer }: Lines,
  now: number,
): Promise<0 | 1> {
  let lifted = await store.resumeBuying(kinds.filter((kind) => kind !== 'operator'));
  let code: 0 | 1 = 0;
  const { operator, isRecorded } = await store.findPauses();
  // A Redis that is not compared with S3 may have forgotten a pause, which would come back after "nothing was paused".
  const mayBePaused = operator !== undefined || !isRecorded || (await store.readServerRun()).isRecovering;
  if (kinds.includes('operator') && mayBePaused)
    code = await recordOrReport(
      openBucket,
      terminal,
      () => Promise.resolve("the operator's pause stands until S3 has its end; run the command again"),
      async (archive) => {
        const resumed = await resumeByOperator({ store, archive }, { who, reason });
        switch (resumed.kind) {
          case 'resumed':
            lifted += 1;
            return 0;
          case 'not-paused':
            return 0;
          case 'recovering':
            terminal.complain(
              "redis restarted, and a worker asks S3 for what Redis may have forgotten: an operator's pause is not lifted until then; run the command again in a few seconds",
            );
            return 1;
          default:
            return resumed satisfies never;
        }
      },
    );
  const left = await store.pauses();
  const woken = left.length === 0 ? await submissions.endRest() : 0;
  answer({ lifted, woken, pauses: left, recorded: code === 0 }, [
    lifted === 0 ? 'nothing of this kind was paused' : `lifted ${lifted} ${lifted === 1 ? 'pause' : 'pauses'}`,
    ...(left.length === 0 ? [`${woken} waiting ${woken === 1 ? 'purchase resumes' : 'purchases resume'}`] : []),
    ...describePauses(left, now),
  ]);
  return code;
}
