import { createHash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { extensionOf, StorageError, type GenerationView, type VerifiedImage } from '@darkroom/contracts';
import type { ObjectStorage } from '@darkroom/object-storage';

/** A verified image that was saved to a file, or one whose bytes differ. */
export type SavedImage = { kind: 'saved'; image: VerifiedImage; file: string } | { kind: 'differs'; image: VerifiedImage };

const READ_SECONDS = 60;
const READ_LIMIT_MS = 15_000;

/**
 * Copies the verified images of a generation into a folder, through presigned URLs as a backend would give to its users. Compares the
 * bytes with the verified hash.
 * @throws StorageError if an image cannot be read.
 */
export async function saveImages(
  generation: GenerationView,
  storage: Pick<ObjectStorage, 'presignRead'>,
  folder: string,
): Promise<SavedImage[]> {
  const saved: SavedImage[] = [];
  for (const { index, image } of generation.images) {
    if (image === undefined) continue;
    const bytes = await read(await storage.presignRead(image.key, READ_SECONDS), image.key);
    const isSame = bytes.length === image.sizeBytes && createHash('sha256').update(bytes).digest('hex') === image.sha256;
    if (!isSame) {
      saved.push({ kind: 'differs', image });
      continue;
    }
    const file = path.join(folder, `${shortId(generation.generationId)}-${index}.${extensionOf(image.format)}`);
    // A name of a picture is that of a whole one, also if the process is killed here.
    writeFileSync(`${file}.part`, bytes);
    renameSync(`${file}.part`, file);
    saved.push({ kind: 'saved', image, file });
  }
  return saved;
}

/** Returns the last digits of an id, which are random: the first ones of a UUIDv7 are the time, and stay equal for a minute. */
const shortId = (generationId: string): string => generationId.slice(-8);

async function read(url: string, key: string): Promise<Uint8Array> {
  // The presigned URL is a secret, so the error names the key and keeps no cause that might hold it.
  const failure = (what: string) => new StorageError('storage.unavailable', `cannot read "${key}": ${what}`, { reached: 'yes' });
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(READ_LIMIT_MS), headers: { connection: 'close' } });
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
  } catch {
    throw failure(`S3 did not answer within ${READ_LIMIT_MS / 1000} s`);
  }
  throw failure(`S3 answered ${response.status}`);
}
