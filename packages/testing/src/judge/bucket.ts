import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resultSchema, taskUuidOf, type SubmissionResult } from '@darkroom/contracts';
import { z } from 'zod';

/** Contents of the bucket at the end. */
export interface BucketEvidence {
  /** SHA-256 of the images under the keys of each submission below `images/`, by `taskUUID`. */
  images: ReadonlyMap<string, ReadonlySet<string>>;
  /** The same below `quarantine/`. */
  quarantined: ReadonlyMap<string, ReadonlySet<string>>;
  /** End of each submission by the records in S3; an amendment replaces the end before it. */
  results: ReadonlyMap<string, SubmissionResult>;
  /** Submissions whose image came home after their recorded end. */
  amended: ReadonlySet<string>;
  /** Ids of generations with a tombstone in place of their request: their owner erased them. */
  erased: ReadonlySet<string>;
  /** Time of each release of a withheld image, in milliseconds since 1970, by the name of its submission: `<generationId>/<index>-<n>`. */
  released: ReadonlyMap<string, number>;
  /** Ids of generations with any record in S3. */
  recorded: ReadonlySet<string>;
}

const objectSchema = z.object({ key: z.string(), blob: z.string() });

/** Reads the bucket's files as the embedded S3 left them. @param planted Keys to leave out. */
export async function readBucket(bucketDir: string, planted: ReadonlySet<string> = new Set()): Promise<BucketEvidence> {
  const [images, quarantined] = [new Map<string, Set<string>>(), new Map<string, Set<string>>()];
  const [ends, amendments] = [new Map<string, SubmissionResult>(), new Map<string, SubmissionResult>()];
  const recorded = new Set<string>();
  const erased = new Set<string>();
  const released = new Map<string, number>();
  for (const name of await readdir(join(bucketDir, 'objects'))) {
    const { key, blob } = objectSchema.parse(JSON.parse(await readFile(join(bucketDir, 'objects', name), 'utf8')));
    if (planted.has(key)) continue;
    const bytes = (): Promise<Buffer> => readFile(join(bucketDir, 'blobs', blob));
    const hashInto = async (into: Map<string, Set<string>>, taskUUID: string): Promise<void> => {
      const sha256 = createHash('sha256')
        .update(await bytes())
        .digest('hex');
      into.set(taskUUID, new Set([...(into.get(taskUUID) ?? []), sha256]));
    };
    const [imageOf, quarantineOf] = [taskOfImageKey(key), QUARANTINE_KEY.exec(key)?.[1]];
    if (imageOf !== undefined) await hashInto(images, imageOf);
    if (quarantineOf !== undefined) await hashInto(quarantined, quarantineOf);
    const requestOf = REQUEST_KEY.exec(key)?.[1];
    if (requestOf !== undefined && tombstoneSchema.safeParse(JSON.parse((await bytes()).toString('utf8'))).success) erased.add(requestOf);
    const [, releasedOf, releasedImage = ''] = RELEASE_KEY.exec(key) ?? [];
    if (releasedOf !== undefined)
      released.set(`${releasedOf}/${releasedImage}`, releaseSchema.parse(JSON.parse((await bytes()).toString('utf8'))).at);
    const [, , generationId, record = ''] = key.startsWith('records/') ? key.split('/') : [];
    if (generationId !== undefined) recorded.add(generationId);
    const into = record.endsWith('.result.json') ? ends : record.endsWith('.amendment.json') ? amendments : undefined;
    if (into === undefined) continue;
    const result = resultSchema.parse(JSON.parse((await bytes()).toString('utf8')));
    into.set(result.taskUUID, result);
  }
  return {
    images,
    quarantined,
    results: new Map([...ends, ...amendments]),
    amended: new Set(amendments.keys()),
    erased,
    released,
    recorded,
  };
}

// Written after docs/architecture.md: a judge that took the keys from the product would share its mistakes.
const IMAGE_KEY = /^images\/\d{4}\/\d{2}\/\d{2}\/([0-9a-f-]{36})\/(\d+)-(\d+)\.\w+$/;
const REQUEST_KEY = /^requests\/\d{4}-\d{2}-\d{2}\/([0-9a-f-]{36})\.json$/;
const RELEASE_KEY = /^settings\/releases\/([0-9a-f-]{36})\.(\d+-\d+)\/1\.json$/;
const releaseSchema = z.object({ at: z.number() });
const tombstoneSchema = z.object({ erasedAt: z.number() });
const QUARANTINE_KEY = /^quarantine\/([0-9a-f-]{36})$/;

/** Returns the task of a key; undefined if the key is not that of an image. */
export function taskOfImageKey(key: string): string | undefined {
  const [, generationId, index, n] = IMAGE_KEY.exec(key) ?? [];
  return generationId === undefined ? undefined : taskUuidOf({ generationId, index: Number(index), n: Number(n) });
}
