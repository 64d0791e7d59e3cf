import { capNames, capWords, describeCaps, describeCapsDifference, formatUsd, type Signature, type SpendCaps } from '@darkroom/contracts';
import type { CapsChanged } from '@darkroom/generation-store';
import { changeCaps, type CapsChange } from '@darkroom/recovery';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import type { Operations } from './open-operations.ts';
import { LATER, recordOrReport, wordsOfRecording } from './record-or-report.ts';
import { agoOf, timeOf } from './time-words.ts';
import { findUserName } from './user-name.ts';
import { withOperations } from './with-operations.ts';

type Lines = Pick<CommandContext, 'terminal' | 'answer'>;

/** Formats the line about a process whose environment names other caps than the store has. */
export const describeDiffering = (words: string): string =>
  `settings  a process names other caps in its environment: ${words}; the caps of the store apply (darkroom caps changes them)`;

/** Shows the caps of the store, or changes the named ones. @returns the exit code: 0 only if S3 has the change. */
export const runCaps = (
  values: { dataDir: string | undefined; change: CapsChange; signature: Signature },
  context: CommandContext,
): Promise<ExitCode> =>
  withOperations(values, context, (operations) =>
    Object.keys(values.change).length === 0 ? showCaps(operations, context) : changeCapsOf(operations, values, context),
  );

/** Describes who changed the caps, when and why; no line for caps of an earlier version. */
const describeChange = (changed: CapsChanged | undefined): string[] =>
  changed === undefined
    ? []
    : [
        `          set ${timeOf(changed.at)} (${agoOf(changed.at, Date.now())})${changed.who === undefined ? '' : ` by ${changed.who}`}${changed.reason === undefined ? '' : `: ${changed.reason}`}`,
      ];

/** Returns caps as the command prints them with `--json`, by the name of the option that changes each. */
const dataOf = (caps: SpendCaps, revision: number | undefined, recorded: boolean) => ({
  capsUsd: Object.fromEntries(capNames.map((name) => [capWords[name].option, caps[name] === undefined ? null : formatUsd(caps[name])])),
  revision: revision ?? null,
  recorded,
});

async function showCaps({ store, readNamedCaps }: Operations, { terminal, answer }: Lines): Promise<0 | 1> {
  const [found, differing, restrictions, changed] = await Promise.all([
    store.findCaps(),
    store.findDiffering(),
    store.findCapsRestrictions(),
    store.findCapsChange(),
  ]);
  if (found === undefined) {
    terminal.complain(
      'redis holds no spend caps of this store, and nothing is bought until it does. A worker restores them from S3 within seconds, and the first worker of a new store sets them; if neither has any: darkroom caps --day <usd>',
    );
    return 1;
  }
  const { caps, revision } = found;
  const differences = new Set([describeCapsDifference(readNamedCaps(), caps), differing ?? '']);
  answer({ ...dataOf(caps, revision, revision !== undefined && restrictions.length === 0), changed: changed ?? null }, [
    `caps      ${describeCaps(caps)} (${wordsOfRecording(revision, restrictions)})`,
    ...describeChange(changed),
    ...[...differences].filter((words) => words !== '').map(describeDiffering),
  ]);
  return 0;
}

async function changeCapsOf(
  { store, openBucket }: Operations,
  { change, signature: { who = findUserName(), reason } }: { change: CapsChange; signature: Signature },
  { terminal, answer }: Lines,
): Promise<0 | 1> {
  const hold = async (): Promise<string> => {
    const isLowered = await store.restrictCaps(change, { who, reason });
    const caps = (await store.findCaps())?.caps;
    const words = caps === undefined ? 'the store has no caps' : `the caps now: ${describeCaps(caps)}`;
    return isLowered
      ? `a lower cap holds in Redis at once; ${LATER}\n${words}`
      : `a higher cap holds only when S3 has it; the same command can be run again\n${words}`;
  };
  return recordOrReport(openBucket, terminal, hold, async (archive) => {
    const changed = await changeCaps({ store, archive }, change, { who, reason });
    switch (changed.kind) {
      case 'changed':
        answer(dataOf(changed.after, changed.revision, true), [
          `before    ${changed.before === undefined ? 'no caps' : describeCaps(changed.before)}`,
          `caps      ${describeCaps(changed.after)} (revision ${changed.revision}, recorded in S3)`,
        ]);
        return 0;
      case 'unchanged':
        answer(dataOf(changed.value, changed.revision, true), [
          `caps      ${describeCaps(changed.value)} (revision ${changed.revision}, recorded in S3), as before`,
        ]);
        return 0;
      case 'incomplete':
        terminal.complain('nothing was changed: the store has no caps yet, and needs a daily cap over all tenants; name it with --day');
        return 1;
      case 'recovering':
        terminal.complain(
          `redis restarted, and a worker asks S3 for what Redis may have forgotten: no cap is raised until then. The caps stay ${describeCaps(changed.before)}; run the command again in a few seconds`,
        );
        return 1;
      default:
        return changed satisfies never;
    }
  });
}
