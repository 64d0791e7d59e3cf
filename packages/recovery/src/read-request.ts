import { defined, hasCode, parseStoredRequest, type Intent, type Labels, type StoredRequest } from '@darkroom/contracts';
import type { FoundRequest } from '@darkroom/object-storage';
import type { RecoveryArchive } from './ports.ts';

/**
 * Reads the request of a generation and its labels from S3; none if it was erased, is missing or is not the one that was bought. Its generation is
 * then restored all the same, and nothing more of it is sent.
 *
 * The tombstone of an erased request counts before an intent of an earlier version, which has the request inside.
 * @param intents All intents that were read.
 * @throws StorageError storage.unavailable
 */
export async function readRequest(
  archive: Pick<RecoveryArchive, 'findRequest'>,
  generationId: string,
  intents: readonly Intent[],
): Promise<Labels & { request?: StoredRequest; /** Milliseconds since 1970. */ erasedAt?: number }> {
  const found = await archive.findRequest(generationId).catch((error: unknown): FoundRequest => {
    if (hasCode(error, 'storage.corrupt-record')) return { kind: 'missing' };
    throw error;
  });
  switch (found.kind) {
    case 'erased':
      return { erasedAt: found.erasedAt };
    case 'missing':
      return defined({ request: findEarlier(intents) });
    case 'found':
      return intents.every((intent) => intent.version === 1 || intent.requestDigest === found.requestDigest)
        ? defined({ request: found.kept.request, tags: found.kept.tags, metadata: found.kept.metadata, webhook: found.kept.webhook })
        : {};
    default:
      return found satisfies never;
  }
}

/** Returns the request in an intent of an earlier version. */
export function findEarlier(intents: readonly Intent[]): StoredRequest | undefined {
  const earlier = intents.find((intent) => intent.version === 1);
  try {
    return earlier && parseStoredRequest(earlier.request);
  } catch {
    return undefined;
  }
}
