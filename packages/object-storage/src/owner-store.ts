import { ownerSchema, StorageError, type Owner } from '@darkroom/contracts';
import type { Bucket } from './bucket.ts';
import { formatKey, formatsPrefix, parseFormatKey } from './keys.ts';

/** Key of the Darkroom that owns the bucket. */
const ownerKey = 'settings/owner.json';

/** The Darkroom that owns the bucket, and the format of its store. All throw StorageError. */
export interface OwnerStore {
  findOwner(): Promise<Owner | undefined>;
  /** Writes the owner, once. Returns the recorded owner, which may be another. */
  recordOwner(owner: Owner): Promise<Owner>;
  /** Finds the format that processes may write: the highest recorded one, or 1. Reads names alone. */
  findFormat(): Promise<number>;
  /** Records that processes may write a format. @param at Redis time, in milliseconds since 1970. */
  recordFormat(format: number, at: number): Promise<void>;
}

const MAX_OWNER_BYTES = 64 * 1024;

export function createOwnerStore(bucket: Bucket): OwnerStore {
  async function findOwner(): Promise<Owner | undefined> {
    const read = await bucket.read(ownerKey, MAX_OWNER_BYTES);
    if (read.kind === 'missing') return undefined;
    if (read.kind === 'too-large') throw corrupt(`it has ${read.sizeBytes} bytes`);
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder().decode(read.bytes));
    } catch (error) {
      throw corrupt('it is not JSON', error);
    }
    const parsed = ownerSchema.safeParse(value);
    if (!parsed.success) throw corrupt(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
    return parsed.data;
  }
  return {
    findOwner,
    async recordOwner(owner) {
      const { kind } = await bucket.writeOnce(ownerKey, Buffer.from(JSON.stringify(owner)), 'application/json');
      if (kind === 'written') return owner;
      const standing = await findOwner();
      if (standing !== undefined) return standing;
      throw new StorageError('storage.unavailable', `could not read '${ownerKey}', which S3 had refused to write again`, {
        reached: 'yes',
      });
    },
    async findFormat() {
      let highest = 1;
      for await (const { key } of bucket.listAll(formatsPrefix)) highest = Math.max(highest, parseFormatKey(key) ?? 1);
      return highest;
    },
    recordFormat: async (format, at) =>
      void (await bucket.writeOnce(formatKey(format), Buffer.from(JSON.stringify({ version: 1, format, at })), 'application/json')),
  };
}

const corrupt = (why: string, cause?: unknown): StorageError =>
  new StorageError('storage.corrupt-record', `'${ownerKey}' is corrupt: ${why}`, { cause, reached: 'yes', details: { key: ownerKey } });
