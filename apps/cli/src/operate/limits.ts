import { DEFAULT_TASKS_AT_PROVIDER, type FleetLimits, type FleetLimitsChange, type Signature } from '@darkroom/contracts';
import { changeLimits } from '@darkroom/recovery';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import type { Operations } from './open-operations.ts';
import { LATER, recordOrReport, wordsOfRecording } from './record-or-report.ts';
import { findUserName } from './user-name.ts';
import { withOperations } from './with-operations.ts';

type Lines = Pick<CommandContext, 'terminal' | 'answer'>;

const wordsOfTasks = ({ tasksAtProvider }: FleetLimits): string =>
  tasksAtProvider === undefined
    ? `${DEFAULT_TASKS_AT_PROVIDER} tasks at the provider, unless set`
    : `${tasksAtProvider} tasks at the provider`;

const boundsOf = ({ openImages, openImagesPerTenant }: FleetLimits): string[] => [
  ...(openImages === undefined ? [] : [`at most ${openImages} open images`]),
  ...(openImagesPerTenant === undefined ? [] : [`at most ${openImagesPerTenant} open images of each tenant`]),
];

/** Writes limits in one line. */
export const describeLimits = (limits: FleetLimits = {}): string => [wordsOfTasks(limits), ...boundsOf(limits)].join(', ');

/** Shows the limits of the fleet, or changes the named ones. @returns the exit code: 0 only if S3 has the change. */
export const runLimits = (
  values: { dataDir: string | undefined; change: FleetLimitsChange; signature: Signature },
  context: CommandContext,
): Promise<ExitCode> =>
  withOperations(values, context, (operations) =>
    Object.keys(values.change).length === 0 ? showLimits(operations, context) : changeLimitsOf(values, operations, context),
  );

async function showLimits({ store }: Operations, { answer }: Lines): Promise<0> {
  const [found, { count, limit }, restrictions] = await Promise.all([
    store.findLimits(),
    store.readTasksAtProvider(),
    store.findLimitsRestrictions(),
  ]);
  const source = found?.limits.tasksAtProvider === undefined ? 'the default' : wordsOfRecording(found.revision, restrictions);
  answer({ ...found?.limits, tasksAtProvider: limit, underWay: count, recorded: restrictions.length === 0 }, [
    `limits    at most ${limit} tasks at the provider (${source}); ${count} are under way`,
    `          ${boundsOf(found?.limits ?? {}).join(', ') || 'no bound on open images'}`,
  ]);
  return 0;
}

async function changeLimitsOf(
  { change, signature: { who = findUserName(), reason } }: { change: FleetLimitsChange; signature: Signature },
  { store, openBucket }: Operations,
  { terminal, answer }: Lines,
): Promise<0 | 1> {
  const hold = async (): Promise<string> =>
    (await store.restrictLimits(change))
      ? `what is lower holds in Redis at once; ${LATER}`
      : 'a higher limit holds only when S3 has it; the same command can be run again';
  return recordOrReport(openBucket, terminal, hold, async (archive) => {
    const changed = await changeLimits({ store, archive }, change, { who, reason });
    switch (changed.kind) {
      case 'changed':
        answer({ ...changed.after, revision: changed.revision, recorded: true }, [
          `before    ${describeLimits(changed.before)}`,
          `limits    ${describeLimits(changed.after)} (revision ${changed.revision}, recorded in S3)`,
        ]);
        return 0;
      case 'unchanged':
        answer({ ...changed.value, revision: changed.revision, recorded: true }, [
          `limits    ${describeLimits(changed.value)} (revision ${changed.revision}, recorded in S3), as before`,
        ]);
        return 0;
      case 'recovering':
        terminal.complain(
          `redis restarted, and a worker is asking S3 what Redis may have forgotten. Until it has finished, no limit can be raised. The limits stay ${describeLimits(changed.before)}; run the command again in a few seconds`,
        );
        return 1;
      default:
        return changed satisfies never;
    }
  });
}
