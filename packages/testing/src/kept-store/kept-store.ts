import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** Versions with a kept store, each named by its commit: the folders of `packages/testing/fixtures`. */
export const keptStoreVersions = ['b0d0369'] as const;
export type KeptStoreVersion = (typeof keptStoreVersions)[number];

/** Where an earlier version had no words, the present one may. */
const faultSchema = z
  .object({ code: z.string(), message: z.string() })
  .transform(({ code, message }) => (message === '' ? { code } : { code, message }));

const viewSchema = z.looseObject({
  generationId: z.string(),
  status: z.string(),
  tenant: z.string(),
  request: z.record(z.string(), z.unknown()),
  images: z.array(
    z.looseObject({
      index: z.int(),
      status: z.string(),
      submissionStatus: z.string(),
      taskUUID: z.string(),
      fault: faultSchema.optional(),
    }),
  ),
  costUsd: z.string(),
  reservedUsd: z.string(),
  runAt: z.int().optional(),
});
const submissionSchema = z.looseObject({ generationId: z.string(), index: z.int(), n: z.int(), status: z.string() });

const expectedSchema = z.object({
  /** Time at which the store was copied, in milliseconds since 1970. */
  writtenAt: z.int(),
  prefix: z.string(),
  redisVersion: z.string(),
  /** Settings of its workers. */
  settings: z.object({ caps: z.record(z.string(), z.string()), apiKey: z.string(), webhookKeys: z.string() }),
  caps: z.record(z.string(), z.string()),
  pauses: z.array(z.looseObject({ kind: z.string(), reason: z.string() })),
  unknown: z.looseObject({ count: z.int() }),
  /** The ledger by period, in billionths of a US dollar. */
  spend: z.record(z.string(), z.record(z.string(), z.string())),
  /** Each generation as the version that wrote it showed it. */
  generations: z.record(z.string(), z.object({ view: viewSchema, submissions: z.array(submissionSchema) })),
});

const keySchema = z.object({ key: z.string(), type: z.string(), ttlMs: z.int().min(0).nullable(), dump: z.base64() });
const objectSchema = z.object({
  key: z.string(),
  sha256: z.string(),
  sizeBytes: z.int(),
  contentType: z.string(),
  metadata: z.record(z.string(), z.string()),
});

export type KeptGeneration = z.output<typeof expectedSchema>['generations'][string];

/** A store of an earlier version: Redis, bucket, the provider's memory, and that version's view of it. */
export interface KeptStore {
  readonly version: KeptStoreVersion;
  /** Folder of the fixture. */
  readonly directory: string;
  readonly expected: z.output<typeof expectedSchema>;
  readonly keys: readonly z.output<typeof keySchema>[];
  readonly objects: readonly z.output<typeof objectSchema>[];
  /** Returns a generation by its name in the fixture. @throws Error for an unknown name. */
  get(name: string): KeptGeneration;
  readObject(key: string): Promise<Buffer>;
}

/** Reads the fixture of a version. */
export async function readKeptStore(version: KeptStoreVersion): Promise<KeptStore> {
  const directory = fileURLToPath(new URL(`../../fixtures/${version}/`, import.meta.url));
  const read = (name: string): Promise<string> => readFile(join(directory, name), 'utf8');
  const expected = expectedSchema.parse(JSON.parse(await read('expected.json')));
  const lines = (await read('redis.jsonl')).trimEnd().split('\n');
  return {
    version,
    directory,
    expected,
    keys: lines.map((line) => keySchema.parse(JSON.parse(line))),
    objects: z.array(objectSchema).parse(JSON.parse(await read('manifest.json'))),
    get: (name) => {
      const generation = expected.generations[name];
      if (generation === undefined) throw new Error(`the store of ${version} has no generation "${name}"`);
      return generation;
    },
    readObject: (key) => readFile(join(directory, 'bucket', key)),
  };
}
