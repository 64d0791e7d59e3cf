import type { FindingKind, FindingPlace } from '@darkroom/generation-store';
import { orName } from './name-corrupt.ts';
import type { Pass } from './pass.ts';
import type { Finding } from './ports.ts';

/** Something that looked wrong once, and may be work in progress. */
export interface Suspicion {
  kind: FindingKind;
  place: FindingPlace;
  /** Looks at the same thing again. */
  isStillSo(): Promise<boolean>;
  repair(): Promise<Finding['action']>;
}

/** Suspicions until their second look. */
export interface Suspicions {
  /** Keeps a suspicion; if there are many, the earlier ones get their second look first. */
  add(suspicion: Suspicion): Promise<void>;
  /** Looks at all suspicions again, once each has had its grace time, and repairs or names those that are still wrong. */
  settle(): Promise<void>;
}

/** Maximum number of suspicions that a pass keeps in memory; they take a few megabytes. */
const MAX_KEPT = 10_000;
const AT_ONCE = 20;

export function collectSuspicions(pass: Pass): Suspicions {
  const { graceMs } = pass.reconciler.settings;
  let kept: Suspicion[] = [];

  async function settle(): Promise<void> {
    if (kept.length === 0) return;
    const all = kept;
    kept = [];
    await pass.wait(graceMs);
    for (let from = 0; from < all.length; from += AT_ONCE) {
      await pass.checkpoint();
      await Promise.all(all.slice(from, from + AT_ONCE).map((suspicion) => confirm(pass, suspicion)));
    }
  }
  return {
    async add(suspicion) {
      if (kept.length >= MAX_KEPT) await settle();
      kept.push(suspicion);
    },
    settle,
  };
}

const confirm = (pass: Pass, { kind, place, isStillSo, repair }: Suspicion): Promise<void> =>
  orName(
    pass,
    place,
    async () => {
      if (await isStillSo()) pass.found(kind, place, await repair());
    },
    kind,
  );
