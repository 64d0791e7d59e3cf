import {
  hasCode,
  outlineOfIntent,
  taskUuidOf,
  type Intent,
  type ListedRecord,
  type RequestOutline,
  type SubmissionRef,
  type Timing,
} from '@darkroom/contracts';
import type { DueErasure, ErasingStore } from '@darkroom/generation-store';
import type { ErasingStorage, FoundRequest } from '@darkroom/object-storage';

/** `unreadable`: an object that is no request of this generation. */
type Standing = FoundRequest | { kind: 'unreadable' };

export interface ErasingParts {
  store: Pick<ErasingStore, 'endSweep' | 'dropErasure'>;
  storage: Pick<ErasingStorage, 'findRequest' | 'listRecordsOf' | 'findIntent' | 'writeTombstone' | 'eraseIntent' | 'deleteImages'>;
  timing: Pick<Timing, 'resendWindowMs' | 'capabilityTtlMs'>;
}

/** End of a sweep. */
export type Sweep =
  | { kind: 'erased'; isFirst: boolean; images: number }
  /** Nothing was erased: no generation has the id, or it belongs to another tenant, or it is open. */
  | { kind: 'not-there' | 'foreign' | 'open' };

/** Time between two sweeps while an upload URL is valid. An image that comes home by its settlement is swept at once. */
const AGAIN_MS = 3_600_000;

/**
 * Sweeps one generation: its request, its images and what was uploaded for it. The tombstone comes first, because a worker that finds it sends
 * nothing; then the objects go, and Redis last. Every step may be repeated: a death anywhere leaves the generation on the list of erasures.
 */
export async function eraseGeneration({ store, storage, timing }: ErasingParts, due: DueErasure): Promise<Sweep> {
  const { generationId, now, known } = due;
  const [records, standing] = await Promise.all([storage.listRecordsOf(generationId), findStanding(storage, generationId)]);
  // a request without any record may stand: a worker died before the first intent
  if (known === undefined && records.length === 0 && standing.kind === 'missing') return drop(store, due, 'not-there');
  if (known?.isOpen === true && !due.isForced && standing.kind !== 'erased') return drop(store, due, 'open');
  const { intents, corrupt } = await readIntents(storage, records);
  const owner = known?.tenant ?? intents[0]?.tenant ?? (standing.kind === 'found' ? standing.kept.tenant : undefined);
  // Where nothing tells the owner it may be another tenant than the one that asks, unless a tombstone has left nothing to take.
  const tenant = owner ?? (standing.kind === 'erased' ? due.tenant : undefined) ?? '';
  if (due.tenant !== undefined && tenant !== due.tenant) {
    if (owner === undefined && corrupt !== undefined) throw corrupt;
    return drop(store, due, 'foreign');
  }

  const isBuried = standing.kind === 'erased' && standing.keepsImages !== true;
  // a caller means all; by age the images may stay longer than the request, and one that was noted by its tombstone stays as that says
  const keepsImages = !isBuried && (due.aged === 'requests' || (due.isNoted && standing.kind === 'erased'));
  // what kept the images until now was no erasure of them
  const erasedAt = standing.kind === 'erased' && (isBuried || keepsImages) ? standing.erasedAt : now;
  if (!isBuried && (standing.kind !== 'erased' || !keepsImages)) await storage.writeTombstone(generationId, erasedAt, keepsImages);
  for (const intent of intents) await storage.eraseIntent(intent);
  const images = keepsImages ? 0 : await storage.deleteImages(generationId, refsOf(due, records));
  // The request may lie in it still, so the generation is not erased yet.
  if (corrupt !== undefined) throw corrupt;
  // The URL is as old as the last send, which is at most a resend window later than the first.
  const sends = intents.map(({ firstSentAt }) => firstSentAt + timing.resendWindowMs + timing.capabilityTtlMs);
  const sweptUntil = Math.max(now, ...sends);
  await store.endSweep({
    due,
    tenant,
    outline: outlineOf(due, intents),
    erasedAt,
    keepsImages,
    sweptUntil,
    againAt: now < sweptUntil ? Math.min(sweptUntil, now + AGAIN_MS) : undefined,
  });
  return { kind: 'erased', isFirst: due.erasedAt === undefined, images };
}

/** Reads what lies in place of a request. One that cannot be read is written over like any other. */
const findStanding = (storage: ErasingParts['storage'], generationId: string): Promise<Standing> =>
  storage.findRequest(generationId).catch((error: unknown): Standing => {
    if (hasCode(error, 'storage.corrupt-record')) return { kind: 'unreadable' };
    throw error;
  });

/** Reads the intents of a generation. Skips those that cannot be read; `corrupt` is the error of the last of them. */
async function readIntents(storage: ErasingParts['storage'], records: readonly ListedRecord[]) {
  const intents: Intent[] = [];
  let corrupt: Error | undefined;
  for (const record of records) {
    if (record.kind !== 'intent') continue;
    try {
      const intent = await storage.findIntent(record, record.round);
      if (intent === undefined) continue;
      outlineOfIntent(intent);
      intents.push(intent);
    } catch (error) {
      if (!(error instanceof Error) || !(['storage.corrupt-record', 'request.invalid'] as const).some((code) => hasCode(error, code)))
        throw error;
      corrupt = error;
    }
  }
  return { intents, corrupt };
}

async function drop(store: ErasingParts['store'], due: DueErasure, kind: Exclude<Sweep['kind'], 'erased'>): Promise<Sweep> {
  await store.dropErasure(due);
  return { kind };
}

/** Returns every submission that S3 or Redis knows, each once. */
function refsOf({ generationId, known }: DueErasure, records: readonly SubmissionRef[]): SubmissionRef[] {
  const inRedis = (known?.latest ?? []).flatMap(({ index, n }) =>
    Array.from({ length: n }, (_, before): SubmissionRef => ({ generationId, index, n: before + 1 })),
  );
  const refs = [...records, ...inRedis].map(({ index, n }): SubmissionRef => ({ generationId, index, n }));
  return [...new Map(refs.map((ref) => [taskUuidOf(ref), ref])).values()];
}

function outlineOf({ known }: DueErasure, [intent]: readonly Intent[]): RequestOutline | undefined {
  return known?.outline ?? (intent && outlineOfIntent(intent));
}
