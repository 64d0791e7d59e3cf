import { createHash } from 'node:crypto';
import { tenantFolder } from '@darkroom/contracts';
import type { ImageStorage } from '../images/images.ts';

/** The bucket of a testing producer. */
export interface MemoryImages extends ImageStorage {
  /** Keeps bytes. @returns their SHA-256. */
  keep(bytes: Uint8Array): string;
}

export function createMemoryImages(): MemoryImages {
  const kept = new Map<string, Uint8Array>();
  const keep = (bytes: Uint8Array): string => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    kept.set(sha256, Uint8Array.from(bytes)); // a copy: the test may go on with its own
    return sha256;
  };
  return {
    keep,
    // "invalid" can never lead anywhere (RFC 2606).
    presignRead: (key, seconds, { downloadName }) => {
      const url = new URL(`https://bucket.invalid/${key}`);
      url.searchParams.set('X-Amz-Expires', String(seconds));
      if (downloadName !== undefined) url.searchParams.set('response-content-disposition', `attachment; filename="${downloadName}"`);
      return Promise.resolve(url.href);
    },
    readVerified: ({ sha256 }) => {
      const bytes = kept.get(sha256);
      return Promise.resolve(bytes && Uint8Array.from(bytes));
    },
    keepInput: (tenant, bytes, maxSizeBytes) =>
      Promise.resolve(
        bytes.length > 0 && bytes.length <= maxSizeBytes
          ? { kind: 'kept', input: { tenantPart: tenantFolder(tenant), sha256: keep(bytes) } }
          : { kind: 'invalid', detail: `it has ${bytes.length} bytes` },
      ),
    close: () => undefined,
  };
}
