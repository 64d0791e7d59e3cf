import { isFinalGeneration } from '@darkroom/contracts';
import { openError, type FoundBulk } from '@darkroom/generation-store';
import type { ProducerParts } from '../build-producer.ts';
import type { Entry } from './memory-entry.ts';

type ErasingCalls = Pick<ProducerParts['store'], 'requestErasure' | 'findErasure' | 'requestBulk' | 'findBulk'>;

export interface MemoryErasuresParts {
  entries: ReadonlyMap<string, Entry>;
  /** Returns the entry unless it belongs to another tenant. */
  ownEntry(generationId: string, tenant: string | undefined): Entry | undefined;
  cancel(entry: Entry): void;
  /** Milliseconds since 1970. */
  now(): number;
}

/** Erases at once, as an eraser does in time. */
export function createMemoryErasures({ entries, ownEntry, cancel, now }: MemoryErasuresParts): ErasingCalls {
  const bulks = new Map<string, FoundBulk>();
  const erase = (entry: Entry) => (entry.erased ??= { requestedAt: now(), erasedAt: now(), sweptUntil: now(), retries: [] });
  return {
    requestErasure: async (generationId, isForced, tenant) => {
      const entry = ownEntry(generationId, tenant);
      if (entry === undefined) return undefined;
      if (!isFinalGeneration(entry.status) && !isForced) throw openError(generationId, entry.status);
      return erase(entry);
    },
    findErasure: async (generationId, tenant) => ownEntry(generationId, tenant)?.erased,
    requestBulk: async ({ erasureId, tenant, tag, isForced }) => {
      const at = now();
      const of = [...entries.values()].filter(
        ({ generation, erased }) =>
          erased === undefined &&
          (tenant === undefined || generation.tenant === tenant) &&
          (tag === undefined || generation.tags?.includes(tag) === true),
      );
      const open = of.filter(({ status }) => !isForced && !isFinalGeneration(status)).map(({ generation }) => generation.generationId);
      for (const entry of of) {
        if (open.includes(entry.generation.generationId)) continue;
        cancel(entry);
        erase(entry);
      }
      const counts = { found: of.length, erased: of.length - open.length, left: open.length, open };
      const bulk = { erasureId, requestedAt: at, erasedAt: at, ...(tenant !== undefined && { tenant }), ...counts };
      bulks.set(erasureId, bulk);
      return bulk;
    },
    findBulk: async (erasureId, tenant) => {
      const bulk = bulks.get(erasureId);
      return tenant === undefined || bulk?.tenant === tenant ? bulk : undefined;
    },
  };
}
