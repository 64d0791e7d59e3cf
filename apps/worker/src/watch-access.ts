import { defined, type ProviderFault } from '@darkroom/contracts';
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
  /** The first wait between two looks while this process is held, in milliseconds. It doubles up to `maxMs`. */
  firstMs: number;
  maxMs: number;
  /** Time between two looks for a pause that another version set, in milliseconds. */
  everyMs: number;
}

export interface WatchAccessDependencies {
  store: Pick<
    GenerationStore,
    'pauses' | 'resumeBuying' | 'claimTurn' | 'reportHeld' | 'reportFree' | 'noteDryRunCharged' | 'isDryRunCharged'
  >;
  provider: Pick<RunwareClient, 'checkAccount'>;
  submissions: Pick<Submissions, 'endRest'>;
  /** Returns an upload address like that of a real order; undefined if orders have none. */
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
  /** Returns true while the provider answers questions of this process. Otherwise it settles nothing; other workers may. */
  canAsk(): boolean;
  /** Returns why this process buys nothing, in words; undefined while it buys. */
  heldBecause(): string | undefined;
}

const cures: Readonly<Record<HoldKind, string>> = {
  account: 'the provider refuses the account: correct RUNWARE_API_KEY of this worker, the permission or the balance',
  refusing: 'the provider refuses the plainest purchase: read its message; the model, a rule or our settings may have changed',
  foreign: 'the server that answers is not the provider: correct RUNWARE_URL of this worker, or the proxy or gateway on the way',
};

/**
 * Decides whether this process can buy, by asking the provider with a purchase that belongs to no caller. While it cannot, it takes
 * no submission, leaves them to other workers, and asks again. A wrong key or address thus stops only its own worker, and a caller's
 * request stops none.
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

  /** Looks once more. A look under way may have begun before the doubt, so it does not count. */
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
    const verdict = await provider.checkAccount({ dryRun: isDry, ...defined({ uploadEndpoint }) }, stopping.signal);
    if (verdict.wasCharged) {
      // Kept in the store, not here: it must hold for every worker, and after a restart.
      await store.noteDryRunCharged();
      logger.error(
        { event: 'account.check-was-charged' },
        'the provider charged for a dry run, and no ledger holds that cost; workers make no more dry runs, and notice a refused account only when a purchase is refused',
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
    await lookAnew(true).catch((error: unknown) => logger.warn({ err: error }, 'could not ask the provider if it takes purchases'));
    waitMs = Math.min(maxMs, waitMs * 2);
    later(waitMs, lookAgain);
  }

  /** Lifts a pause because of the account, which an older version set for the whole fleet, once this worker can buy. */
  async function liftOldPause(): Promise<void> {
    const pauses = await store.pauses();
    const pause = pauses.find(({ kind }) => kind === 'account');
    if (pause !== undefined && pauses.length === 1 && held === undefined && (await store.claimTurn(`account-check:${worker}`, everyMs))) {
      if ((await lookAnew(true)).kind === 'open') {
        await store.resumeBuying(['account']);
        await submissions.endRest();
        logger.info({ event: 'buying.resumed', reason: pause.reason }, 'the account may buy again; buying resumed');
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
    await liftOldPause().catch((error: unknown) => logger.warn({ err: error }, 'could not ask if the account still justifies the pause'));
    later(everyMs, watchOldPause);
  };

  return {
    isHeld: () => held !== undefined,
    canAsk: () => canAsk,
    heldBecause: () => held && `${cures[held.kind]} (${held.reason})`,
    async ask() {
      // If Redis is away the answer is not recorded, so the caller learns nothing.
      const { kind, wasTried } = await lookAnew(true).catch(() => ({ kind: 'inconclusive' as const, wasTried: false }));
      return kind === 'open' ? (wasTried ? 'open' : 'untried') : kind === 'inconclusive' ? 'unclear' : 'closed';
    },
    async start() {
      if (stopping.signal.aborted) return;
      later(everyMs, watchOldPause);
      // Asked before the first order: with a wrong key or address the worker sends none. The question is free.
      await lookAnew(false).catch((error: unknown) => logger.warn({ err: error }, 'could not ask the provider'));
    },
    async stop() {
      stopping.abort();
      for (const timer of timers) clearTimeout(timer);
      await Promise.allSettled([looking, next]);
      // Operators would look for a held worker that is gone.
      if (held !== undefined) await store.reportFree(worker).catch(() => undefined);
    },
  };
}
