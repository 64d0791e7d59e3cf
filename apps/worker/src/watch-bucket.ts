import { defined, hasCode } from '@darkroom/contracts';
import { writtenFolders, type ObjectStorage } from '@darkroom/object-storage';
import { watchDependency, type DependencyWatch, type Logger } from '@darkroom/service-runtime';

/** One of so many looks writes to a folder: a listing shows that S3 answers, a write shows the permissions. */
const LOOKS_PER_WRITE = 6;

/**
 * Watches the bucket: it must answer, allow listing, and allow writes (one folder at a time). A server that ignores conditions of a
 * write ends the start, because no time mends it.
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
      ...defined({ onChange }),
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
