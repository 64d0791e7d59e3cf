import { randomUUID } from 'node:crypto';
import { DarkroomError, defined, describeCaps, hasCode } from '@darkroom/contracts';
import { buildGenerationStore, buildReadingStore, defaultRetention, READING_TURN, type GenerationStore } from '@darkroom/generation-store';
import { buildWaits } from '@darkroom/queues';
import {
  rebuild,
  restoreCaps,
  restoreApiKeys,
  restoreLimits,
  restoreTenantRules,
  restorePauses,
  takeOverBucket,
  type KeptApiKeys,
  type KeptSettings,
  type RebuildProgress,
  type SumsSearch,
} from '@darkroom/recovery';
import { readSettings, reconcileSettings, spendSettings, timingSettings, type SpendSettings } from '@darkroom/service-runtime';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import type { Terminal } from '../terminal.ts';
import { describeSums } from './describe-sums.ts';
import { measureRedisClock } from './measure-redis-clock.ts';
import { openBucketAndQueues } from './open-bucket-and-queues.ts';
import { describeLimits } from './limits.ts';
import { owningOf } from './owning.ts';
import { withPatientRedis } from './patient-redis.ts';
import { dataOf, printOpen, reportRebuild } from './report-rebuild.ts';
import { untilS3Answers } from './until-s3-answers.ts';

/**
 * Fills an empty Redis from the records in S3, with the settings of the workers. @returns the exit code: 0 when the store is open, 3 if a person must look at what it left out.
 * @throws ConfigError, LocalStackError, StorageError
 */
export async function rebuildStore(
  { dataDir, days, skipCorrupt: skipDamaged }: { dataDir: string | undefined; days: number; skipCorrupt: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const { environment, root, goneMs, notes: terminal } = context;
  const { stop } = context.signals;
  const options = { environment, root, dataDir, ...defined({ goneMs }) };
  const settings = readSettings({ spend: spendSettings, timing: timingSettings, shared: reconcileSettings }, options.environment);
  return withPatientRedis(options, stop, async (found, closing, signal) => {
    const { redis, prefix, where } = found;
    terminal.print(`darkroom  ${where}`);
    const progress = showProgress(terminal);
    const clock = await measureRedisClock(redis);
    const { storage, submissions, settlements } = openBucketAndQueues(options, found, clock, closing);
    const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
    const ownerId = await takeOverBucket(owningOf(options.environment, prefix, store, storage));
    closing.add(keepReadingTurn(store));
    await restoreSettings({ store, archive: storage }, settings.spend, terminal);
    const parts = {
      store: { ...store, ...buildReadingStore({ prefix }, redis) },
      archive: storage,
      waits: buildWaits(submissions, settlements),
      settings: { timing: settings.timing, maxSubmissions: settings.shared.maxSubmissions },
      now: clock.now,
    };
    const rebuilding = {
      days,
      keptMs: defaultRetention.recordSeconds * 1000,
      skipDamaged,
      createId: randomUUID,
      ownerId,
      signal,
      onProgress: progress.show,
      onSums: (search: SumsSearch) => terminal.print(...describeSums(search)),
      async onOpened(left: number) {
        await submissions.endRest();
        await printOpen(store, false, terminal);
        terminal.print(
          `history   reading ${left} generations that had ended; until all are read, unknown idempotency keys are refused. If this command stops, a worker continues`,
        );
      },
    };
    // Once the store is open, a worker reads on.
    const mayRepeat = async () => !(await store.readServerRun()).isOpen;
    const outcome = await untilS3Answers(() => rebuild(parts, rebuilding), { terminal, signal, mayRepeat });
    if (outcome.kind === 'opened' || outcome.kind === 'damaged') progress.end(outcome.done);
    if (outcome.kind === 'opened') await submissions.endRest();
    context.answer(dataOf(outcome), []);
    return reportRebuild(outcome, { store, terminal, skipDamaged });
  });
}

/**
 * Restores the limits, rules of tenants, pauses and caps from S3 before the store opens: nothing may be enqueued under other caps. A bucket of an earlier
 * version holds no caps: those of the environment are taken and recorded, and without any the store buys nothing until `caps` sets them.
 */
async function restoreSettings(settings: KeptSettings & KeptApiKeys, { named, seed }: SpendSettings, terminal: Terminal): Promise<void> {
  if ((await settings.store.readServerRun()).isOpen) return;
  const limits = (await restoreLimits(settings)).value;
  if (Object.keys(limits).length > 0) terminal.print(`limits    ${describeLimits(limits)} (from S3)`);
  const tenants = await restoreTenantRules(settings, (tenant, error) =>
    terminal.complain(
      `the rules of tenant "${tenant}" in S3 cannot be read, and the strictest hold until they are named anew: darkroom tenant ${tenant} …: ${String(error)}`,
    ),
  );
  if (tenants.length > 0) terminal.print(`tenants   the rules of ${tenants.length} (from S3)`);
  try {
    const keys = await restoreApiKeys(settings);
    if (keys.broughtBack > 0) terminal.print(`keys      ${keys.broughtBack} API keys (from S3)`);
  } catch (error) {
    // Buying does not wait for them, and a worker restores them again and again.
    if (!(error instanceof DarkroomError) || !hasCode(error, 'storage.corrupt-record')) throw error;
    terminal.complain(`an API key in S3 is damaged and opens nothing until it is repaired: ${error.message}`);
  }
  const { operator } = await restorePauses(settings);
  if (operator !== undefined) terminal.print(`pause     by an operator: ${operator.reason} (from S3)`);
  const restored = await restoreCaps(settings, named.allPerDay === undefined ? undefined : seed);
  if (restored.kind === 'absent') {
    terminal.complain(
      'S3 holds no spend caps of this store, and DAILY_CAP_USD is not set: the store will open and buy nothing until they are set: darkroom caps --day <usd>',
    );
    return;
  }
  const from = restored.kind === 'seeded' ? 'from the environment, recorded in S3 now' : 'from S3';
  terminal.print(`caps      ${describeCaps(restored.value)} (${from})`);
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
