import { randomUUID } from 'node:crypto';
import { describeCaps } from '@darkroom/contracts';
import { buildGenerationStore, buildReadingStore, defaultRetention, READING_TURN, type GenerationStore } from '@darkroom/generation-store';
import { buildWaits, createSettlements, createSubmissions } from '@darkroom/queues';
import {
  rebuild,
  restoreCaps,
  restoreLimits,
  restoreTenantRules,
  restorePauses,
  takeOverBucket,
  type KeptSettings,
  type LeftOut,
  type RebuildProgress,
} from '@darkroom/recovery';
import { readSettings, reconcileSettings, spendSettings, timingSettings, type SpendSettings } from '@darkroom/service-runtime';
import type { Terminal } from '../terminal.ts';
import { describeSums } from './describe-sums.ts';
import { describePauses } from './describe-pauses.ts';
import { measureRedisClock } from './measure-redis-clock.ts';
import type { OperationsOptions } from './connect-redis.ts';
import { openBucket } from './open-bucket.ts';
import { describeLimits } from './limits.ts';
import { owningOf } from './owning.ts';
import { withPatientRedis } from './patient-redis.ts';

export interface RebuildCommandOptions extends OperationsOptions {
  terminal: Terminal;
  /** Ends the rebuild early. */
  stop: AbortSignal;
}

/**
 * Fills an empty Redis from the records in S3, with the settings of the workers. @returns the exit code: 0 when the store is open.
 * @throws ConfigError, LocalStackError, StorageError
 */
export async function rebuildStore(
  { days, skipDamaged }: { days: number; skipDamaged: boolean },
  { terminal, stop, ...options }: RebuildCommandOptions,
): Promise<0 | 1> {
  const settings = readSettings({ spend: spendSettings, timing: timingSettings, shared: reconcileSettings }, options.environment);
  return withPatientRedis(options, stop, async ({ redis, prefix, where, folder }, closing, signal) => {
    terminal.print(`darkroom  ${where}`);
    const progress = showProgress(terminal);
    const clock = await measureRedisClock(redis);
    const storage = openBucket(options.environment, folder);
    const submissions = createSubmissions(redis, { prefix, now: clock.now });
    const settlements = createSettlements(redis, { prefix, now: clock.now });
    closing.push(
      () => storage.close(),
      () => submissions.close(),
      () => settlements.close(),
    );
    const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
    const ownerId = await takeOverBucket(owningOf(options.environment, prefix, store, storage));
    closing.push(keepReadingTurn(store));
    await restoreSettings({ store, archive: storage }, settings.spend, terminal);
    const outcome = await rebuild(
      {
        store: { ...store, ...buildReadingStore({ prefix }, redis) },
        archive: storage,
        waits: buildWaits(submissions, settlements),
        settings: { timing: settings.timing, maxSubmissions: settings.shared.maxSubmissions },
        now: clock.now,
      },
      {
        days,
        keptMs: defaultRetention.recordSeconds * 1000,
        skipDamaged,
        createId: randomUUID,
        ownerId,
        signal,
        onProgress: progress.show,
        onSums: (search) => terminal.print(...describeSums(search)),
        async onOpened(left) {
          await submissions.endRest();
          await printOpen(store, false, terminal);
          terminal.print(
            `history   reading ${left} generations that had ended; until all are read, unknown idempotency keys are refused. If this command stops, a worker continues`,
          );
        },
      },
    );
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
        return 0;
      case 'opened':
        progress.end(outcome.done);
        await submissions.endRest();
        nameCorrupt(terminal, outcome.damaged);
        await printOpen(store, outcome.damaged.length > 0, terminal);
        if (outcome.damaged.length > 0) terminal.print(LEFT_OUT);
        return 0;
      case 'damaged':
        progress.end(outcome.done);
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
  });
}

/**
 * Restores the limits, rules of tenants, pauses and caps from S3 before the store opens: nothing may be enqueued under other caps. A bucket of an earlier
 * version holds no caps: those of the environment are taken and recorded, and without any the store buys nothing until `caps` sets them.
 */
async function restoreSettings(settings: KeptSettings, { named, seed }: SpendSettings, terminal: Terminal): Promise<void> {
  if ((await settings.store.readServerRun()).isOpen) return;
  const limits = (await restoreLimits(settings)).value;
  if (Object.keys(limits).length > 0) terminal.print(`limits    ${describeLimits(limits)} (from S3)`);
  const tenants = await restoreTenantRules(settings);
  if (tenants.length > 0) terminal.print(`tenants   the rules of ${tenants.length} (from S3)`);
  const { operator } = await restorePauses(settings);
  if (operator !== undefined) terminal.print(`pause     by an operator: ${operator.reason} (from S3)`);
  const restored = await restoreCaps(settings, named.allPerDay === undefined ? undefined : seed);
  if (restored.kind === 'absent') {
    terminal.complain(
      'S3 holds no spend caps of this store, and DAILY_CAP_USD is not set: the store will open and buy nothing until they are set: npm run darkroom -- caps --day <usd>',
    );
    return;
  }
  const from = restored.kind === 'seeded' ? 'from the environment, recorded in S3 now' : 'from S3';
  terminal.print(`caps      ${describeCaps(restored.value)} (${from})`);
}

/** Prints that the store is open, and any pause that keeps it from buying. */
async function printOpen(store: GenerationStore, isDamaged: boolean, terminal: Terminal): Promise<void> {
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

/** A worker continues this long after the command was killed. */
const READING_TURN_MS = 30_000;

/** Keeps the turn of reading, so that workers leave it to this command while it runs. @returns a function that gives the turn back. */
function keepReadingTurn(store: Pick<GenerationStore, 'claimTurn' | 'endTurn'>): () => Promise<void> {
  const holder = randomUUID();
  const keep = (): void => void store.claimTurn(READING_TURN, READING_TURN_MS, holder).catch(() => undefined);
  keep();
  const keeping = setInterval(keep, READING_TURN_MS / 3);
  return async () => {
    clearInterval(keeping);
    await store.endTurn(READING_TURN, holder).catch(() => undefined);
  };
}

const SHOWN_EVERY_MS = 2000;

/** Prints at most one line every two seconds: the date reached, the counts and the speed. */
function showProgress(terminal: Terminal): { show(done: RebuildProgress): void; end(done: RebuildProgress): void } {
  const startedAt = performance.now();
  let shownAt = startedAt;
  const print = (what: string, { listed, read, generations, past }: RebuildProgress): void => {
    const seconds = (performance.now() - startedAt) / 1000;
    terminal.print(
      `${what}${generations} generations restored, ${past === 0 ? '' : `and the money of ${past} that ended long ago, `}${read} of ${listed} records read, in ${seconds.toFixed(1)} s (${Math.round(read / seconds)} records a second)`,
    );
  };
  return {
    show(done) {
      if (performance.now() - shownAt < SHOWN_EVERY_MS) return;
      shownAt = performance.now();
      print(`${done.date}  `, done);
    },
    end: (done) => print('rebuilt   ', done),
  };
}
