import type { GenerationStore } from '@darkroom/generation-store';
import type { LeftOut, rebuild } from '@darkroom/recovery';
import type { Terminal } from '../terminal.ts';
import { describePauses } from './describe-pauses.ts';

export type RebuildOutcome = Awaited<ReturnType<typeof rebuild>>;

/** Returns the end of a rebuild as the command prints it with `--json`. */
export const dataOf = (outcome: RebuildOutcome) => ({
  outcome: outcome.kind,
  isOpen: ['open', 'opened'].includes(outcome.kind) || ('isOpen' in outcome && outcome.isOpen === true),
  leftOut: 'damaged' in outcome ? (outcome.damaged ?? []) : [],
});

/** Says how a rebuild ended, and what to do. @returns the exit code. */
export async function reportRebuild(
  outcome: RebuildOutcome,
  { store, terminal, skipDamaged }: { store: GenerationStore; terminal: Terminal; skipDamaged: boolean },
): Promise<0 | 1 | 3> {
  switch (outcome.kind) {
    case 'open':
      nameCorrupt(terminal, outcome.damaged ?? []);
      if (outcome.damaged?.length)
        terminal.print(
          skipDamaged
            ? 'the store goes on without them: their ids and idempotency keys are free, and no cap counts them any more'
            : LEFT_OUT,
        );
      if (outcome.restored) terminal.print(`${outcome.restored} generations restored that an earlier rebuild had left out`);
      terminal.print('the store is open: there is nothing to rebuild; npm run reconcile repairs what disagrees in it');
      return outcome.damaged?.length && !skipDamaged ? 3 : 0;
    case 'opened':
      nameCorrupt(terminal, outcome.damaged);
      await printOpen(store, outcome.damaged.length > 0, terminal);
      if (outcome.damaged.length > 0) terminal.print(LEFT_OUT);
      return outcome.damaged.length > 0 ? 3 : 0;
    case 'damaged':
      nameCorrupt(terminal, outcome.damaged);
      terminal.complain(
        'the store stays closed: the corrupt records may hold money. Repair them and rebuild again, or open the store without them: npm run rebuild -- --skip-corrupt',
      );
      return 1;
    case 'stopped':
      if (outcome.isOpen === true) {
        terminal.print('stopped; the store is open, and a worker continues to read its history');
        return 0;
      }
      terminal.complain('stopped; the store stays closed. Run the rebuild again: it restores what is missing');
      return 1;
    case 'restarted':
      if (outcome.isOpen === true) {
        terminal.complain(
          'redis restarted meanwhile; the store is open, and a worker continues to read its history once redis is compared with S3',
        );
        return 1;
      }
      terminal.complain(
        'redis restarted during the rebuild, and may have forgotten some of it; the store stays closed. Run the rebuild again: it restores what is missing',
      );
      return 1;
    case 'emptied':
      terminal.complain('redis lost its memory again during the rebuild; the store stays closed. Run the rebuild again');
      return 1;
    case 'too-old':
      terminal.complain(
        'an earlier rebuild of this Redis began days ago and did not end, and what it restored may have ended since; the store stays closed. Flush this Redis and run the rebuild again',
      );
      return 1;
    default:
      return outcome satisfies never;
  }
}

/** Prints that the store is open, and any pause that keeps it from buying. */
export async function printOpen(store: GenerationStore, isDamaged: boolean, terminal: Terminal): Promise<void> {
  const pauses = await store.pauses();
  terminal.print(`the store is open${pauses.length === 0 ? '; buying resumed' : ''}${isDamaged ? ', without the corrupt records' : ''}`);
  if (pauses.length > 0) terminal.print(...describePauses(pauses, Date.now()));
}

/** Remedies for the generations that a rebuild left out. */
const LEFT_OUT =
  'their ids and known idempotency keys stay refused, and caps count their highest price. Repair the records and run the rebuild again; or give them up: npm run rebuild -- --skip-corrupt';

function nameCorrupt(terminal: Terminal, damaged: readonly LeftOut[]): void {
  for (const { generationId, why } of damaged) terminal.complain(`corrupt   ${generationId}: ${why}`);
}
