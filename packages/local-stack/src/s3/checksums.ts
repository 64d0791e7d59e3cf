import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** The checksums that this server computes; S3 knows crc32c and crc64nvme as well. */
const checksumAlgorithms = ['crc32', 'sha1', 'sha256'] as const;

export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number];

/** A running checksum. It is read once, in base64, as S3 writes it. */
export interface Checksum {
  update(bytes: Uint8Array): void;
  digest(): string;
}

export const createChecksum = (algorithm: ChecksumAlgorithm): Checksum =>
  algorithm === 'crc32' ? createCrc32() : createHashSum(algorithm);

export const isChecksumAlgorithm = (name: string): name is ChecksumAlgorithm => checksumAlgorithms.some((known) => known === name);

function createCrc32(): Checksum {
  let value = 0;
  return {
    update: (bytes) => {
      value = crc32(bytes, value);
    },
    digest: () => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return bytes.toString('base64');
    },
  };
}

function createHashSum(algorithm: 'sha1' | 'sha256'): Checksum {
  const hash = createHash(algorithm);
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    digest: () => hash.digest('base64'),
  };
}
