import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalStackError } from '@darkroom/contracts';
import { takeFolder, type OwnFolder } from '../processes/own-folder.ts';
import type { ChecksumAlgorithm } from './checksums.ts';
import { notWritten, S3Error } from './s3-error.ts';

/** A stored object. */
export interface StoredObject {
  readonly key: string;
  /** Name of the file with its bytes; never used twice. */
  readonly blob: string;
  readonly sizeBytes: number;
  /** Without quotes. */
  readonly etag: string;
  /** Whole seconds, in milliseconds since 1970. */
  readonly modifiedAt: number;
  readonly checksums: Readonly<Partial<Record<ChecksumAlgorithm, string>>>;
  /** `content-type` and other kept headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** `x-amz-meta-*`, without the prefix. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Buckets and objects in files:
 *
 *     <dir>/buckets/<bucket>/objects/<SHA-256 of the key>.json   the object under a key, and the name of its blob
 *     <dir>/buckets/<bucket>/blobs/<uuid>                        bytes
 *     <dir>/incoming/<uuid>                                      bytes that are arriving
 *
 * Renaming the JSON file is the commit, and the blob that it names is complete by then. After a kill before the rename the old object
 * stands, after it the new one. A start removes files that no JSON file names. The server does not fsync: an acknowledged write
 * survives the death of the process, but not that of the machine.
 */
export class ObjectFiles {
  readonly #lock: OwnFolder;
  readonly #buckets: string;
  readonly #incoming: string;
  /** Objects by bucket, then by key. Each start rebuilds this index from the files. */
  readonly #index = new Map<string, Map<string, StoredObject>>();

  constructor(dir: string) {
    this.#buckets = join(dir, 'buckets');
    this.#incoming = join(dir, 'incoming');
    this.#lock = takeFolder(dir);
    try {
      rmSync(this.#incoming, { recursive: true, force: true });
      mkdirSync(this.#incoming, { recursive: true });
      mkdirSync(this.#buckets, { recursive: true });
      for (const bucket of readdirSync(this.#buckets)) this.#load(bucket);
    } catch (error) {
      this.#lock.release();
      throw error;
    }
  }

  /** Unlocks the folder. No write may follow. */
  close(): void {
    this.#lock.release();
  }

  /** Creates the bucket if it does not exist. */
  createBucket(bucket: string): void {
    if (this.#index.has(bucket)) return;
    this.#load(bucket);
  }

  /** Returns all objects of a bucket, in no order. @throws S3Error NoSuchBucket. */
  getObjects(bucket: string): Iterable<StoredObject> {
    return this.#getBucket(bucket).values();
  }

  /** Returns an object. @throws S3Error NoSuchBucket, NoSuchKey. */
  getObject(bucket: string, key: string): StoredObject {
    const object = this.#getBucket(bucket).get(key);
    if (object === undefined) throw new S3Error(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key });
    return object;
  }

  /** Returns the path of a new file for arriving bytes; the caller commits or removes it. */
  newIncoming(): string {
    return join(this.#incoming, randomUUID());
  }

  /** Opens the bytes of an object. The file stays readable to its end even if a write replaces the object meanwhile. */
  openBlob(bucket: string, object: StoredObject): number {
    return openSync(this.blobPath(bucket, object.blob), 'r');
  }

  blobPath(bucket: string, blob: string): string {
    return join(this.#buckets, bucket, 'blobs', blob);
  }

  /**
   * Stores `incoming` under the key, unless it must not exist and does. From the check to the index this is synchronous, so that of any
   * number of writers that race with `If-None-Match: *` exactly one wins.
   */
  commit(bucket: string, incoming: string, object: Omit<StoredObject, 'blob'>, mustNotExist: boolean): StoredObject {
    const objects = this.#getBucket(bucket);
    const old = objects.get(object.key);
    if (mustNotExist && old !== undefined) throw notWritten();
    const stored = { ...object, blob: randomUUID() };
    renameSync(incoming, this.blobPath(bucket, stored.blob));
    const description = this.newIncoming();
    writeFileSync(description, JSON.stringify(stored));
    renameSync(description, this.#descriptionPath(bucket, object.key));
    objects.set(object.key, stored);
    if (old !== undefined) rmSync(this.blobPath(bucket, old.blob), { force: true });
    return stored;
  }

  /** Deletes an object; like S3, does nothing if it does not exist. @throws S3Error NoSuchBucket. */
  delete(bucket: string, key: string): void {
    const objects = this.#getBucket(bucket);
    const object = objects.get(key);
    if (object === undefined) return;
    rmSync(this.#descriptionPath(bucket, key));
    objects.delete(key);
    rmSync(this.blobPath(bucket, object.blob), { force: true });
  }

  #getBucket(bucket: string): Map<string, StoredObject> {
    const objects = this.#index.get(bucket);
    if (objects === undefined) throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist', { BucketName: bucket });
    return objects;
  }

  #descriptionPath(bucket: string, key: string): string {
    return join(this.#buckets, bucket, 'objects', `${createHash('sha256').update(key).digest('hex')}.json`);
  }

  #load(bucket: string): void {
    const descriptions = join(this.#buckets, bucket, 'objects');
    const blobs = join(this.#buckets, bucket, 'blobs');
    mkdirSync(descriptions, { recursive: true });
    mkdirSync(blobs, { recursive: true });
    const objects = new Map<string, StoredObject>();
    for (const name of readdirSync(descriptions)) {
      const object = readDescription(join(descriptions, name));
      objects.set(object.key, object);
    }
    const named = new Set([...objects.values()].map(({ blob }) => blob));
    for (const blob of readdirSync(blobs)) if (!named.has(blob)) rmSync(join(blobs, blob));
    this.#index.set(bucket, objects);
  }
}

function readDescription(file: string): StoredObject {
  try {
    // Only `commit` writes this file, and moves it to its place when it is whole.
    return JSON.parse(readFileSync(file, 'utf8')) as StoredObject;
  } catch (cause) {
    throw new LocalStackError(
      `cannot read the stored object "${file}": the embedded S3 did not write it; remove it, or start with another folder`,
      { cause },
    );
  }
}
