import { isLiftable, type GenerationStore } from '@darkroom/generation-store';
import type { Submissions } from '@darkroom/queues';
import type { RunwareClient } from '@darkroom/runware-client';
import type { Logger, Service } from '@darkroom/service-runtime';

export interface WatchAccountOptions {
  /** How often a paused fleet asks, in milliseconds. One of its workers does at a time. */
  everyMs: number;
}

export interface WatchAccountDependencies {
  store: Pick<GenerationStore, 'pauses' | 'pauseBuying' | 'resumeBuying' | 'claimTurn' | 'readTime'>;
  provider: Pick<RunwareClient, 'checkAccount'>;
  submissions: Pick<Submissions, 'promoteDelayed'>;
  logger: Logger;
}

/**
 * While buying is paused because of the account, asks with a free dry run whether it may go on, and resumes it. What an
 * operator paused stays paused.
 */
export function watchAccount(
  { everyMs }: WatchAccountOptions,
  { store, provider, submissions, logger }: WatchAccountDependencies,
): Service {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;

  async function look(): Promise<void> {
    const pauses = await store.pauses();
    const pause = pauses.filter(isLiftable).find(({ kind }) => kind === 'account');
    // While an operator, or a restart of Redis, holds it back there is nothing to find out.
    if (pause === undefined || pauses.length > 1 || !(await store.claimTurn('account-check', everyMs))) return;
    const verdict = await provider.checkAccount(stopping.signal);
    switch (verdict.kind) {
      case 'open':
        await store.resumeBuying(['account']);
        await submissions.promoteDelayed();
        logger.info(
          { event: 'buying.resumed', pausedSince: new Date(pause.since).toISOString() },
          'the account may buy again; buying goes on',
        );
        return;
      case 'account':
      case 'inconclusive':
        logger.warn(
          { event: 'buying.still-paused', faultCode: verdict.fault.code, reason: pause.reason },
          'buying is paused because of the account; what was bought still comes home',
        );
        return;
      case 'not-dry':
        // In the store and not here: it must hold for every worker. The keeper of settings records it in S3.
        await store.pauseBuying({ kind: 'operator', reason: 'the provider ran a dry run as a purchase', since: await store.readTime() });
        logger.error(
          { event: 'account.check-was-charged' },
          'the provider ran a dry run as a purchase; the account is not checked any more, resume with `npm run darkroom -- resume`',
        );
        return;
      default:
        return verdict satisfies never;
    }
  }

  const schedule = (): void => {
    timer = setTimeout(() => {
      looking = look()
        .catch((error: unknown) => logger.warn({ err: error }, 'could not look at the account'))
        .finally(() => {
          if (!stopping.signal.aborted) schedule();
        });
    }, everyMs);
  };

  return {
    async start() {
      if (!stopping.signal.aborted && timer === undefined) schedule();
    },
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await looking;
    },
  };
}
