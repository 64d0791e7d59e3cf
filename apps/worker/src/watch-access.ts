import type { ProviderFault } from '@darkroom/contracts';
import type { GenerationStore, HoldKind } from '@darkroom/generation-store';
import type { Access } from '@darkroom/purchase';
import type { Submissions } from '@darkroom/queues';
import type { AccountVerdict, RunwareClient } from '@darkroom/runware-client';
import type { Logger, Service } from '@darkroom/service-runtime';

export interface WatchAccessOptions {
  /** Names this process for operators. */
  worker: string;
  /** The address of the provider, safe to show. */
  address: string;
  /** The first wait between two looks while this process is held, in milliseconds; doubles up to `maxMs`. */
  firstMs: number;
  maxMs: number;
  /** How often this process looks for a pause that another version left, in milliseconds. */
  everyMs: number;
}

export interface WatchAccessDependencies {
  store: Pick<
    GenerationStore,
    'pauses' | 'resumeBuying' | 'claimTurn' | 'reportHeld' | 'reportFree' | 'noteDryRunCharged' | 'isDryRunCharged'
  >;
  provider: Pick<RunwareClient, 'checkAccount'>;
  submissions: Pick<Submissions, 'endRest'>;
  /** An address for uploads as orders have it; undefined where none is asked for. */
  presignUpload: () => Promise<string | undefined>;
  /** Called when `isHeld` or `canAsk` has changed. */
  onChange: () => void;
  /** Redis time, in milliseconds since 1970. */
  now: () => number;
  logger: Logger;
}

export interface AccessWatch extends Service, Access {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Whether the provider answers the questions of this process; without that it can settle nothing, and others may. */
  canAsk(): boolean;
  /** Why this process buys nothing, in words; undefined while it does. */
  heldBecause(): string | undefined;
}

const cures: Readonly<Record<HoldKind, string>> = {
  account: 'the provider refuses the account: correct RUNWARE_API_KEY of this worker, the permission or the balance',
  refusing: 'the provider refuses the plainest purchase: read its words; the model, a rule or our settings may have changed',
  foreign: 'what answers is not the provider: correct RUNWARE_URL of this worker, or the proxy or gateway on the way',
};

/**
 * Decides for this process whether it can buy at all, by asking with a purchase of no caller. While it cannot, it takes no submission
 * and leaves them to workers that can; it asks again until it can. So a wrong key or address of one worker stops that worker, and no
 * request of a caller can stop any.
 */
export function watchAccess(options: WatchAccessOptions, dependencies: WatchAccessDependencies): AccessWatch {
  const { worker, address, firstMs, maxMs, everyMs } = options;
  const { store, provider, submissions, presignUpload, onChange, now, logger } = dependencies;
  const stopping = new AbortController();
  const timers = new Set<NodeJS.Timeout>();
  let held: { kind: HoldKind; reason: string; since: number } | undefined;
  let canAsk = true;
  let looking: Promise<AccountVerdict> | undefined;
  let next: Promise<AccountVerdict> | undefined;
  let waitMs = firstMs;

  /** A look that begins after the call: one that is under way may have begun before the doubt. */
  function lookAnew(dryRun: boolean): Promise<AccountVerdict> {
    next ??= (async () => {
      await looking?.catch(() => undefined);
      next = undefined;
      looking = look(dryRun);
      return looking;
    })();
    return next;
  }

  async function look(dryRun: boolean): Promise<AccountVerdict> {
    const isDry = dryRun && !(await store.isDryRunCharged());
    const uploadEndpoint = isDry ? await presignUpload() : undefined;
    const verdict = await provider.checkAccount(
      { dryRun: isDry, ...(uploadEndpoint === undefined ? {} : { uploadEndpoint }) },
      stopping.signal,
    );
    if (verdict.wasCharged) {
      // In the store and not here: it must hold for every worker, and after a restart.
      await store.noteDryRunCharged();
      logger.error(
        { event: 'account.check-was-charged' },
        'the provider ran a dry run as a purchase, which is in no ledger; no worker makes one again, and a refused account is noticed by its answers alone',
      );
    }
    if (stopping.signal.aborted) return verdict;
    if (canAsk !== verdict.canAsk) {
      canAsk = verdict.canAsk;
      onChange();
    }
    if (verdict.kind === 'open') await free();
    else if (verdict.kind !== 'inconclusive') await hold(verdict.kind, verdict.fault);
    else if (held !== undefined) await store.reportHeld({ worker, ...held });
    return verdict;
  }

  async function hold(kind: HoldKind, fault: ProviderFault): Promise<void> {
    const isNews = held?.kind !== kind;
    held = { kind, reason: `${address}: ${fault.code}: ${fault.message}`, since: held?.since ?? now() };
    if (isNews) {
      logger.error({ event: 'buying.held', kind, faultCode: fault.code, reason: held.reason }, `this worker buys nothing; ${cures[kind]}`);
      onChange();
      later(firstMs, lookAgain);
    }
    await store.reportHeld({ worker, ...held });
  }

  async function free(): Promise<void> {
    if (held === undefined) return;
    logger.info(
      { event: 'buying.resumed', kind: held.kind, heldSince: new Date(held.since).toISOString() },
      'the provider takes purchases; this worker buys again',
    );
    held = undefined;
    waitMs = firstMs;
    onChange();
    await store.reportFree(worker);
  }

  async function lookAgain(): Promise<void> {
    if (held === undefined) return;
    await lookAnew(true).catch((error: unknown) => logger.warn({ err: error }, 'could not ask whether the provider takes purchases'));
    waitMs = Math.min(maxMs, waitMs * 2);
    later(waitMs, lookAgain);
  }

  /** A pause because of the account, which an older version set for the whole fleet, is lifted by a worker that can buy. */
  async function liftOldPause(): Promise<void> {
    const pauses = await store.pauses();
    const pause = pauses.find(({ kind }) => kind === 'account');
    if (pause !== undefined && pauses.length === 1 && held === undefined && (await store.claimTurn(`account-check:${worker}`, everyMs))) {
      if ((await lookAnew(true)).kind === 'open') {
        await store.resumeBuying(['account']);
        await submissions.endRest();
        logger.info({ event: 'buying.resumed', reason: pause.reason }, 'the account may buy again; buying goes on');
      }
    }
  }

  function later(ms: number, work: () => Promise<void>): void {
    if (stopping.signal.aborted) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      void work();
    }, ms);
    timers.add(timer);
  }

  const watchOldPause = async (): Promise<void> => {
    await liftOldPause().catch((error: unknown) => logger.warn({ err: error }, 'could not look at the account'));
    later(everyMs, watchOldPause);
  };

  return {
    isHeld: () => held !== undefined,
    canAsk: () => canAsk,
    heldBecause: () => held && `${cures[held.kind]} (${held.reason})`,
    async ask() {
      // With Redis away nothing follows from the doubt: the answer is not recorded either.
      const { kind, wasTried } = await lookAnew(true).catch(() => ({ kind: 'inconclusive' as const, wasTried: false }));
      return kind === 'open' ? (wasTried ? 'open' : 'untried') : kind === 'inconclusive' ? 'unclear' : 'closed';
    },
    async start() {
      if (stopping.signal.aborted) return;
      later(everyMs, watchOldPause);
      // Before the first order is taken: with a wrong key or address none is sent. Free, whatever the provider makes of it.
      await lookAnew(false).catch((error: unknown) => logger.warn({ err: error }, 'could not ask the provider'));
    },
    async stop() {
      stopping.abort();
      for (const timer of timers) clearTimeout(timer);
      await Promise.allSettled([looking, next]);
      // A process that ends is no longer held: operators would look for a worker that is gone.
      if (held !== undefined) await store.reportFree(worker).catch(() => undefined);
    },
  };
}
