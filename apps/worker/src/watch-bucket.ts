import { hasCode } from '@darkroom/contracts';
import { writtenFolders, type ObjectStorage } from '@darkroom/object-storage';
import { watchDependency, type DependencyWatch, type Logger } from '@darkroom/service-runtime';

/** A folder is written to in each so many looks: a listing shows whether S3 is there, a write who may do what. */
const LOOKS_PER_WRITE = 6;

/**
 * Watches the bucket: that it is there, may be listed and, a folder at a time, written to. A server that cannot write under a
 * condition ends a start: no time mends it.
 */
export function watchBucket(
  storage: Pick<ObjectStorage, 'checkAccess' | 'checkWrites'>,
  { bucket, endpoint = 'AWS' }: { bucket: string; endpoint?: string },
  { logger, now, onChange }: { logger: Logger; now: () => number; onChange?: () => void },
): DependencyWatch {
  let looks = 0;
  let checkedFolders = 0;
  let isRefused = false;
  return watchDependency(
    {
      name: 's3',
      about: { bucket, endpoint },
      isHopeless: (error) => hasCode(error, 'storage.unsuitable'),
      ...(onChange === undefined ? {} : { onChange }),
      async look() {
        await storage.checkAccess();
        const isDue = isRefused || looks % LOOKS_PER_WRITE === 0;
        looks += 1;
        if (!isDue) return;
        isRefused = true;
        await storage.checkWrites(writtenFolders[checkedFolders % writtenFolders.length] ?? writtenFolders[0]);
        isRefused = false;
        checkedFolders += 1;
      },
    },
    { logger, now },
  );
}
