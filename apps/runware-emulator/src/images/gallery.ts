import { createHash } from 'node:crypto';
import { sizeOf } from '../tasks/image-request.ts';
import type { Task } from '../state/task.ts';
import type { Encode } from './encode.ts';

/** The images of all tasks. None is kept on disk: what was drawn once is drawn again when it is asked for. */
export interface Gallery {
  load(task: Pick<Task, 'request'>, seed: number): Promise<Buffer>;
}

// An image is fetched within seconds of being made, by the upload and perhaps by its address; of a full-size PNG, about 100 fit.
const KEPT_BYTES = 32 * 1024 * 1024;

/** A gallery that remembers the newest images. */
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
