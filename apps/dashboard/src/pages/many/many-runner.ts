import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { bulkActTurn, type BulkAct, type GenerationStore } from '@darkroom/generation-store';
import { explainShortly, type Logger } from '@darkroom/service-runtime';
import { takePage, type PageTaker } from './take-page.ts';

export interface ManyRunnerDependencies extends Omit<PageTaker, 'holder' | 'store'> {
  readonly store: Pick<GenerationStore, 'listBulkActsUnderWay' | 'findBulkAct' | 'claimTurn' | 'endTurn'> & PageTaker['store'];
  readonly logger: Logger;
}

/** Works on the acts on many generations, one after the other, page by page. */
export interface ManyRunner {
  start(): void;
  /** Looks for work now. */
  wake(): void;
  /** Stops behind the page under way; another dashboard goes on. */
  stop(): Promise<void>;
}

/** Without a sign for this long a dashboard counts as dead, and another one goes on. */
const HELD_MS = 15_000;
const LOOK_EVERY_MS = 5000;

export function createManyRunner({ logger, store, producer }: ManyRunnerDependencies): ManyRunner {
  const stopping = new AbortController();
  const holder = randomUUID();
  let waking = new AbortController();
  let working: Promise<void> = Promise.resolve();
  let isAway = false;

  /** Told once until all goes well again: as a rule Redis is away, and the page is taken again when it is back. */
  function tell(error: unknown): undefined {
    if (!isAway)
      logger.warn({ event: 'act.interrupted', reason: explainShortly(error) }, 'an act on many generations waits, and goes on by itself');
    isAway = true;
    return undefined;
  }

  /** Takes a page, and keeps the turn for as long as that takes. */
  async function takeHeldPage(act: BulkAct): Promise<boolean> {
    const keeping = setInterval(() => void store.claimTurn(bulkActTurn(act.id), HELD_MS, holder).catch(() => undefined), HELD_MS / 3);
    try {
      return await takePage({ producer, store, holder }, act);
    } finally {
      clearInterval(keeping);
    }
  }

  async function work(id: string): Promise<true> {
    while (!stopping.signal.aborted && (await store.claimTurn(bulkActTurn(id), HELD_MS, holder))) {
      const act = await store.findBulkAct(id);
      if (act === undefined || !isUnderWay(act) || !(await takeHeldPage(act))) break;
      const now = await store.findBulkAct(id);
      if (now !== undefined && !isUnderWay(now))
        logger.info({ event: 'act.ended', ...lineOf(now) }, 'an act on many generations came to its end');
    }
    await store.endTurn(bulkActTurn(id), holder);
    return true;
  }

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      waking = new AbortController();
      const ids = await store.listBulkActsUnderWay().catch(tell);
      let isWell = ids !== undefined;
      for (const id of ids ?? []) isWell = (await work(id).catch(tell)) !== undefined && isWell;
      if (isWell) isAway = false;
      await delay(LOOK_EVERY_MS, undefined, { signal: AbortSignal.any([waking.signal, stopping.signal]) }).catch(() => undefined);
    }
  }

  return {
    start: () => void (working = loop()),
    wake: () => waking.abort(),
    async stop() {
      stopping.abort();
      await working;
    },
  };
}

const isUnderWay = ({ state }: BulkAct): boolean => state === 'counting' || state === 'changing';

/** The parts of an act that a log line has. */
const lineOf = ({ id, kind, state, who, reason, generations, images, nanoUsd, failed, why }: BulkAct) => ({
  act: `${kind}-many`,
  id,
  state,
  who,
  reason,
  generations,
  images,
  nanoUsd,
  failed,
  why,
});
