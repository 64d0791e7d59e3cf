import { isFinalGeneration } from '@darkroom/contracts';
import { openError, type FoundBulk, type FoundErasure } from '@darkroom/generation-store';
import type { ProducerParts } from '../build-producer.ts';
import { outlineOf, type Entry } from './memory-entry.ts';

type ErasingCalls = Pick<ProducerParts['store'], 'requestErasure' | 'findErasure' | 'requestBulk' | 'findBulk'>;

export interface MemoryErasuresParts {
  entries: ReadonlyMap<string, Entry>;
  /** Returns the entry unless it belongs to another tenant. */
  ownEntry(generationId: string, tenant: string | undefined): Entry | undefined;
  cancel(entry: Entry): void;
  /** Names the retries of a generation. */
  retriesOf(generationId: string): string[];
  /** Deletes an image. */
  drop(key: string): void;
  /** Milliseconds since 1970. */
  now(): number;
}

/** Ids of open generations that the state of an erasure names. */
const MOST_NAMED = 1000;

/** Erases at once, as an eraser does in time. */
export function createMemoryErasures({ entries, ownEntry, cancel, retriesOf, drop, now }: MemoryErasuresParts): ErasingCalls {
  const bulks = new Map<string, FoundBulk>();
  const erase = (entry: Entry): FoundErasure => {
    const { generationId } = entry.generation;
    for (const { image } of entry.images) if (image !== undefined) drop(image.key);
    const { tags: _tags, metadata: _metadata, ...generation } = entry.generation;
    entry.generation = { ...generation, outline: outlineOf(generation), request: outlineOf(generation).request };
    entry.erased ??= { requestedAt: now(), erasedAt: now(), sweptUntil: now(), retries: [] };
    return { ...entry.erased, retries: retriesOf(generationId) };
  };
  return {
    requestErasure: async (generationId, isForced, tenant) => {
      const entry = ownEntry(generationId, tenant);
      // Redis may not know one that lies in S3: the eraser looks, and here finds nothing
      if (entry === undefined) return entries.has(generationId) ? undefined : { requestedAt: now(), retries: [] };
      if (!isFinalGeneration(entry.status) && !isForced) throw openError(generationId, entry.status);
      return erase(entry);
    },
    findErasure: async (generationId, tenant) => {
      const erased = ownEntry(generationId, tenant)?.erased;
      return erased && { ...erased, retries: retriesOf(generationId) };
    },
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
      const counts = { found: of.length, erased: of.length - open.length, left: open.length, open: open.slice(0, MOST_NAMED) };
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
