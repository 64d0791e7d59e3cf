import { createHash } from 'node:crypto';
import { tenantFolder } from '@darkroom/contracts';
import type { ImageStorage } from '../images/images.ts';

/** The bucket of a testing producer. */
export interface MemoryImages extends ImageStorage {
  /** Keeps the bytes of an image. @returns their SHA-256. */
  keep(key: string, bytes: Uint8Array): string;
  /** Deletes an image, as an eraser does. */
  drop(key: string): void;
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export function createMemoryImages(): MemoryImages {
  const kept = new Map<string, Uint8Array>();
  return {
    keep(key, bytes) {
      kept.set(key, Uint8Array.from(bytes)); // a copy: the test may go on with its own
      return sha256Of(bytes);
    },
    drop: (key) => void kept.delete(key),
    // "invalid" can never lead anywhere (RFC 2606).
    presignRead: (key, seconds, { downloadName }) => {
      const url = new URL(`https://bucket.invalid/${key}`);
      url.searchParams.set('X-Amz-Expires', String(seconds));
      if (downloadName !== undefined) url.searchParams.set('response-content-disposition', `attachment; filename="${downloadName}"`);
      return Promise.resolve(url.href);
    },
    readVerified: ({ key }) => {
      const bytes = kept.get(key);
      return Promise.resolve(bytes && Uint8Array.from(bytes));
    },
    keepInput: (tenant, bytes, maxSizeBytes) =>
      Promise.resolve(
        bytes.length > 0 && bytes.length <= maxSizeBytes
          ? { kind: 'kept', input: { tenantPart: tenantFolder(tenant), sha256: sha256Of(bytes) } }
          : { kind: 'invalid', detail: `it has ${bytes.length} bytes` },
      ),
    close: () => undefined,
  };
}
