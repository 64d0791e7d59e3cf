import { createHash } from 'node:crypto';
import { sizeOf } from '../tasks/image-request.ts';
import type { Task } from '../state/task.ts';
import type { Encode } from './encode.ts';

/** Images of all tasks. None is stored on disk: an image is drawn again when it is needed. */
export interface Gallery {
  load(task: Pick<Task, 'request'>, seed: number): Promise<Buffer>;
}

// An image is needed again within seconds, for its upload and perhaps at its address; about 100 full-size PNG images fit.
const KEPT_BYTES = 32 * 1024 * 1024;

/** Builds a gallery that keeps the newest images in memory. */
export function buildGallery(encode: Encode): Gallery {
  const kept = new Map<string, Buffer>();
  let keptBytes = 0;
  return {
    load: async ({ request }, seed) => {
      const drawing = {
        prompt: request.positivePrompt,
        seed,
        ...sizeOf(request),
        format: request.outputFormat,
        quality: request.outputQuality,
      };
      const key = createHash('sha256').update(JSON.stringify(drawing)).digest('base64');
      const found = kept.get(key);
      if (found !== undefined) return found;
      const bytes = await encode(drawing);
      if (kept.has(key)) return bytes;
      kept.set(key, bytes);
      keptBytes += bytes.length;
      for (const [oldKey, old] of kept) {
        if (keptBytes <= KEPT_BYTES) break;
        kept.delete(oldKey);
        keptBytes -= old.length;
      }
      return bytes;
    },
  };
}
