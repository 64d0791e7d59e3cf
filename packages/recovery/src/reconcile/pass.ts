import type { FindingKind, FindingPlace, PassPlace, PassReport } from '@darkroom/generation-store';
import type { Finding, Reconciler } from './ports.ts';

/** Ends a pass early: the process stops, or another has the turn. */
export class PassStopped extends Error {}

/**
 * Time after the last sign of life of a pass in which no other process reconciles: longer than a step takes, and no longer than a fleet may
 * wait after its worker was killed.
 */
export const TURN_MS = 20_000;

/** One pass: its findings so far, and its right to go on. */
export interface Pass {
  readonly reconciler: Reconciler;
  readonly holder: string;
  readonly startedAt: number;
  /** True if this pass looks through all keys of Redis too. */
  readonly isThorough: boolean;
  found(kind: FindingKind, place: FindingPlace, action: Finding['action']): void;
  /** Findings without a repair, a word for each. */
  namedWords(): string[];
  /** True if a finding of this kind was not repaired. */
  hasNamed(kind: FindingKind): boolean;
  count(what: 'open' | 'stored', by: number): void;
  /** Notes that this pass does not look at the kept images, although it was told to. */
  leaveImages(): void;
  /** End of the pass before. */
  readonly from: PassPlace;
  /** End of this pass, for the next one. */
  readonly next: PassPlace;
  /**
   * Keeps the turn, and keeps to the rate.
   * @param looked Generations examined since the last call.
   * @param perSecond Most generations in a second; by default that of open ones.
   * @throws PassStopped
   */
  checkpoint(looked?: number, perSecond?: number): Promise<void>;
  /** Waits without losing the turn. @throws PassStopped */
  wait(ms: number): Promise<void>;
  report(outcome: PassReport['outcome'], thoroughAt: number): PassReport;
}

interface BeginOptions {
  holder: string;
  isThorough: boolean;
  from: PassPlace;
  /** Findings that earlier passes have named. */
  wasNamed: ReadonlySet<string>;
  /** Findings without a repair that its report names at most. */
  mostNamed: number;
  signal: AbortSignal;
}

/** Time between two reports of progress. */
const TELL_MS = 30_000;

export function beginPass(reconciler: Reconciler, { holder, isThorough, from, wasNamed, mostNamed, signal }: BeginOptions): Pass {
  const { store, around, settings } = reconciler;
  const startedAt = around.now();
  const counts = { open: 0, stored: 0 };
  const findings: PassReport['findings'] = {};
  const named: PassReport['named'] = [];
  const namedNow = new Set<string>();
  const next: PassPlace = {};
  const left: Pick<PassReport, 'withoutImages'> = {};
  let checkedAt = startedAt;
  let toldAt = startedAt;

  const keepTurn = async (): Promise<void> => {
    if (signal.aborted) throw new PassStopped('told to stop');
    if (!(await store.takeTurn(holder, TURN_MS))) throw new PassStopped('another pass has the turn');
  };
  const wait = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= TURN_MS / 4) {
      await keepTurn();
      await around.wait(Math.min(left, TURN_MS / 4), signal);
    }
    await keepTurn();
  };
  const tell = async (at: number): Promise<void> => {
    if (at - toldAt < TELL_MS) return;
    toldAt = at;
    const progress = { startedAt, at, ...counts };
    await store.noteProgress(progress);
    around.progress(progress);
  };
  return {
    reconciler,
    from,
    next,
    holder,
    startedAt,
    isThorough,
    found(kind, place, action) {
      const sum = (findings[kind] ??= { repaired: 0, named: 0 });
      sum[action] += 1;
      if (action === 'named' && named.length < mostNamed) named.push({ kind, ...place });
      if (action === 'named') {
        const word = wordOf(kind, place);
        // Damage stands until an operator has repaired it: the report names it each time, log and metrics once.
        if (namedNow.has(word) || wasNamed.has(word)) {
          namedNow.add(word);
          return;
        }
        namedNow.add(word);
      }
      around.note?.({ kind, place, action });
    },
    namedWords: () => [...namedNow],
    hasNamed: (kind) => (findings[kind]?.named ?? 0) > 0,
    count: (what, by) => void (counts[what] += by),
    leaveImages: () => void (left.withoutImages = true),
    async checkpoint(looked = 0, perSecond = settings.generationsPerSecond) {
      await keepTurn();
      const aheadMs = (1000 * looked) / perSecond - (around.now() - checkedAt);
      if (looked > 0 && aheadMs > 0) await around.wait(aheadMs, signal);
      checkedAt = around.now();
      await tell(checkedAt);
    },
    wait,
    report: (outcome, thoroughAt) => ({ startedAt, endedAt: around.now(), outcome, thoroughAt, ...counts, findings, named, next, ...left }),
  };
}

/** Names one finding. Amounts of a period of the ledger change from pass to pass. */
function wordOf(kind: FindingKind, { generationId, index, n, detail = '' }: FindingPlace): string {
  const what = kind === 'ledger-drift' ? (detail.split(' ')[0] ?? '') : detail;
  return [kind, generationId, index, n, what].filter((part) => part !== undefined && part !== '').join(' ');
}
