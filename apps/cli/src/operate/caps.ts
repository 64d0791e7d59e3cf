import { describeCaps, describeCapsDifference, ForeignBucketError, LocalStackError, StorageError } from '@darkroom/contracts';
import { changeCaps, type CapsChange } from '@darkroom/recovery';
import type { Terminal } from '../terminal.ts';
import type { Operations } from './open-operations.ts';

/** A line of what a process was told otherwise than the store. */
export const describeDiffering = (words: string): string =>
  `settings  a process names other caps in its environment: ${words}; those of the store hold (darkroom caps changes them)`;

/** Shows the caps of the store, or changes those that are named. @returns the exit code: 0 only if S3 has the change. */
export async function showOrChangeCaps(
  change: CapsChange,
  operations: Operations,
  terminal: Pick<Terminal, 'print' | 'complain'>,
): Promise<0 | 1> {
  return Object.keys(change).length === 0 ? showCaps(operations, terminal) : changeCapsOf(operations, change, terminal);
}

async function showCaps({ store, readNamedCaps }: Operations, terminal: Pick<Terminal, 'print' | 'complain'>): Promise<0 | 1> {
  const [found, differing] = await Promise.all([store.findCaps(), store.findDiffering()]);
  if (found === undefined) {
    terminal.complain(
      'redis holds no spend caps of this store, and nothing is bought until it does. A worker brings those of S3 back within seconds, and a new store gets them from its first worker; where there are none: npm run darkroom -- caps --day <usd>',
    );
    return 1;
  }
  const { caps, revision } = found;
  const recorded =
    revision === undefined ? 'not recorded in S3 yet, which a worker does within seconds' : `revision ${revision}, recorded in S3`;
  terminal.print(`caps      ${describeCaps(caps)} (${recorded})`);
  const own = describeCapsDifference(readNamedCaps(), caps);
  for (const words of new Set([own, differing ?? ''])) if (words !== '') terminal.print(describeDiffering(words));
  return 0;
}

async function changeCapsOf(
  { store, openBucket }: Operations,
  change: CapsChange,
  terminal: Pick<Terminal, 'print' | 'complain'>,
): Promise<0 | 1> {
  let storage: Awaited<ReturnType<typeof openBucket>> | undefined;
  try {
    storage = await openBucket();
    const changed = await changeCaps({ store, archive: storage }, change);
    switch (changed.kind) {
      case 'changed':
        terminal.print(
          `before    ${changed.before === undefined ? 'no caps' : describeCaps(changed.before)}`,
          `caps      ${describeCaps(changed.after)} (revision ${changed.revision}, recorded in S3)`,
        );
        return 0;
      case 'unchanged':
        terminal.print(`caps      ${describeCaps(changed.caps)} (revision ${changed.revision}, recorded in S3); they were so before`);
        return 0;
      case 'no-daily-cap':
        terminal.complain(
          'the store has no caps yet, and a daily cap over all tenants is always on: name it with --day; nothing was changed',
        );
        return 1;
      case 'recovering':
        terminal.complain(
          `redis restarted, and what it may have forgotten is being asked of S3: no cap is raised until then. The caps stay ${describeCaps(changed.before)}; give the command again in some seconds`,
        );
        return 1;
      default:
        return changed satisfies never;
    }
  } catch (error) {
    if (!(error instanceof StorageError || error instanceof ForeignBucketError || error instanceof LocalStackError)) throw error;
    terminal.complain(
      `the change is not recorded: ${error.message}\na change holds only when S3 has it; \`darkroom caps\` shows which caps hold, and the same command may be given again`,
    );
    return 1;
  } finally {
    storage?.close();
  }
}
