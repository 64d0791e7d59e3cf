import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { createChecksum, isChecksumAlgorithm, type ChecksumAlgorithm } from './checksums.ts';
import { S3Error, notImplemented } from './s3-error.ts';
import type { S3Request } from './s3-request.ts';

/** Facts of a body that arrived whole and matched every announced length and checksum. */
export interface ReceivedBody {
  readonly sizeBytes: number;
  /** MD5 in hexadecimal: the ETag of an object written in one piece. */
  readonly md5: string;
  readonly checksums: Readonly<Partial<Record<ChecksumAlgorithm, string>>>;
}

/** Headers that describe a body. The server checks each one, or refuses it with 501. */
export const bodyPromises = ['content-md5', 'x-amz-checksum-', 'x-amz-sdk-checksum-algorithm'];

/** The largest object of a single PUT (S3 user guide, "Uploading objects"). */
const MAX_OBJECT_BYTES = 5 * 1024 ** 3;

const MAX_DOCUMENT_BYTES = 2 * 1024 ** 2;

/** Writes the body to `file`, which the caller removes if this throws. */
export async function receiveToFile(request: S3Request, file: string): Promise<ReceivedBody> {
  const output = await open(file, 'w');
  try {
    return await receive(request, MAX_OBJECT_BYTES, async (bytes) => {
      await output.writeFile(bytes);
    });
  } finally {
    await output.close();
  }
}

/** Reads a small document, such as the keys to delete. */
export async function receiveText(request: S3Request): Promise<string> {
  const portions: Buffer[] = [];
  await receive(request, MAX_DOCUMENT_BYTES, (bytes) => {
    portions.push(bytes);
    return Promise.resolve();
  });
  return Buffer.concat(portions).toString('utf8');
}

async function receive(request: S3Request, maxBytes: number, write: (bytes: Buffer) => Promise<void>): Promise<ReceivedBody> {
  const declared = declaredSize(request, maxBytes);
  const md5 = createHash('md5');
  const sha256 = isHash(request.payload) ? createHash('sha256') : undefined;
  const checksums = promisedAlgorithms(request).map((algorithm) => ({ algorithm, sum: createChecksum(algorithm) }));

  let sizeBytes = 0;
  for await (const bytes of bodyOf(request)) {
    sizeBytes += bytes.length;
    if (sizeBytes > declared) break;
    md5.update(bytes);
    sha256?.update(bytes);
    for (const { sum } of checksums) sum.update(bytes);
    await write(bytes);
  }
  if (sizeBytes !== declared)
    throw new S3Error(400, 'IncompleteBody', 'You did not provide the number of bytes specified by the Content-Length HTTP header');

  const md5Digest = md5.digest();
  const promisedMd5 = request.headers['content-md5'];
  if (promisedMd5 !== undefined && promisedMd5 !== md5Digest.toString('base64')) throw badDigest('Content-MD5');
  if (sha256 !== undefined && sha256.digest('hex') !== request.payload) {
    throw new S3Error(400, 'XAmzContentSHA256Mismatch', "The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
  const computed = checksums.map(({ algorithm, sum }): [ChecksumAlgorithm, string] => [algorithm, sum.digest()]);
  for (const [algorithm, value] of computed) {
    const promised = request.amz.get(CHECKSUM + algorithm);
    if (promised !== undefined && promised !== value) throw badDigest(algorithm.toUpperCase());
  }
  return { sizeBytes, md5: md5Digest.toString('hex'), checksums: Object.fromEntries(computed) };
}

const isHash = (payload: string): boolean => /^[0-9a-f]{64}$/.test(payload);

function bodyOf({ payload, headers, body }: S3Request): AsyncIterable<Buffer> {
  // A body in chunks is refused: Darkroom sends every body whole.
  if (payload !== 'UNSIGNED-PAYLOAD' && !isHash(payload)) throw notImplemented(`the payload "${payload}"`);
  if ((headers['content-encoding'] ?? '').toLowerCase().includes('aws-chunked')) throw notImplemented('aws-chunked');
  return body;
}

function declaredSize({ headers }: S3Request, maxBytes: number): number {
  const declared = headers['content-length'];
  // A request without a body may omit its length.
  if (declared === undefined && headers['transfer-encoding'] === undefined) return 0;
  if (declared === undefined || !/^\d+$/.test(declared))
    throw new S3Error(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.');
  if (Number(declared) > maxBytes) throw new S3Error(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size');
  return Number(declared);
}

const CHECKSUM = 'x-amz-checksum-';
const NAMING_HEADERS = ['x-amz-sdk-checksum-algorithm', 'x-amz-checksum-algorithm'];

/** Returns the checksums that the request announces: by value or by name. */
function promisedAlgorithms({ amz }: S3Request): ChecksumAlgorithm[] {
  const byValue = [...amz.keys()].filter((name) => name.startsWith(CHECKSUM) && name !== 'x-amz-checksum-algorithm');
  const byName = NAMING_HEADERS.flatMap((header) => amz.get(header) ?? []);
  const names = new Set([...byValue.map((name) => name.slice(CHECKSUM.length)), ...byName.map((name) => name.toLowerCase())]);
  return [...names].map((name) => {
    if (!isChecksumAlgorithm(name)) throw notImplemented(`the checksum "${name}"`);
    return name;
  });
}

const badDigest = (what: string): S3Error => new S3Error(400, 'BadDigest', `The ${what} you specified did not match what we received.`);
