import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { defined } from '@darkroom/contracts';
import { type PassReport, buildGenerationStore, buildReconcileStore, defaultRetention } from '@darkroom/generation-store';
import type { Closing } from '@darkroom/local-stack';
import { buildWaits } from '@darkroom/queues';
import { checkOwner, defaultReconcileSettings, reconcile, type Owning, type Reconciler } from '@darkroom/recovery';
import { type RedisClock, readSettings, reconcileSettings, timingSettings } from '@darkroom/service-runtime';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import type { Terminal } from '../terminal.ts';
import { measureRedisClock } from './measure-redis-clock.ts';
import type { FoundRedis, OperationsOptions } from './connect-redis.ts';
import { describePass } from './describe-pass.ts';
import { openBucketAndQueues } from './open-bucket-and-queues.ts';
import { owningOf } from './owning.ts';
import { withPatientRedis } from './patient-redis.ts';

/**
 * Runs one pass of the reconciler over all keys, as workers do regularly.
 * @returns 0 if everything agrees now; 3 if something is left for a person; 1 if the pass did not compare everything.
 * @throws ConfigError, LocalStackError, StorageError
 */
export async function reconcileOnce(
  { dataDir, images: withImages }: { dataDir: string | undefined; images: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const { environment, root, goneMs, notes } = context;
  const { stop } = context.signals;
  const options = { environment, root, dataDir, ...defined({ goneMs }) };
  return withPatientRedis(options, stop, async (found, closing, signal) => {
    const { reconciler, owning } = joinReconciler(options, found, await measureRedisClock(found.redis), closing, notes);
    await checkOwner(owning);
    notes.print(
      `darkroom  ${found.where}`,
      `compares jobs, entries, money and S3; what looks wrong is checked again ${reconciler.settings.graceMs / 1000} s later`,
      '',
    );
    return report(await reconcile(reconciler, { signal, isThorough: true, withImages }), context);
  });
}

/** Joins the packages to the ports of the reconciler, as a worker does. */
function joinReconciler(
  options: OperationsOptions,
  found: FoundRedis,
  clock: RedisClock,
  closing: Pick<Closing, 'add'>,
  notes: Terminal,
): { reconciler: Reconciler; owning: Owning } {
  const { timing, reconcile: settings } = readSettings({ timing: timingSettings, reconcile: reconcileSettings }, options.environment);
  const { redis, prefix } = found;
  const { storage, submissions, settlements } = openBucketAndQueues(options, found, clock, closing);
  const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  const reconciler: Reconciler = {
    store: buildReconcileStore({ prefix }, redis),
    generations: store,
    archive: storage,
    submissions,
    settlements,
    recovery: {
      store,
      archive: storage,
      waits: buildWaits(submissions, settlements),
      settings: { timing, maxSubmissions: settings.maxSubmissions },
      now: clock.now,
    },
    around: {
      now: clock.now,
      wait: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
      createHolder: randomUUID,
      progress: ({ open, stored }) => notes.print(`looked at ${open} open generations, and ${stored} in S3 so far`),
    },
    settings: { ...defaultReconcileSettings, timing, graceMs: settings.graceMs },
  };
  return { reconciler, owning: owningOf(options.environment, prefix, store, storage) };
}

/** Prints the report of a pass. @returns the exit code. */
function report(pass: PassReport | undefined, { terminal, answer }: CommandContext): 0 | 1 | 3 {
  if (pass === undefined) {
    terminal.complain('a worker is reconciling right now; try again in a few minutes');
    return 1;
  }
  if (pass.outcome === 'not-initialised') {
    terminal.complain(
      'the store is not open: no worker has started here yet, or Redis lost its memory (then: npm run rebuild); nothing was compared',
    );
    return 1;
  }
  answer(pass, describePass(pass));
  if (pass.outcome === 'stopped') terminal.complain('stopped early: not everything was compared');
  if (pass.withoutImages === true)
    terminal.complain('a rebuild still reads: no image was looked for; run it again once darkroom status tells of no rebuild');
  if (pass.outcome !== 'whole' || pass.withoutImages === true) return 1;
  return Object.values(pass.findings).every(({ named }) => named === 0) ? 0 : 3;
}
