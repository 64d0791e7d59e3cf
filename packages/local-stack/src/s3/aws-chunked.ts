import { S3Error } from './s3-error.ts';

/** Longer than any chunk header or trailer of a client. */
const MAX_LINE_BYTES = 16 * 1024;

/**
 * Decodes a body in `aws-chunked` encoding without chunk signatures. It puts the trailing headers, with names in lower case, into
 * `trailers` (S3 API reference, "Signature calculations: uploading with a trailing checksum").
 */
export async function* decodeAwsChunked(source: AsyncIterable<Buffer>, trailers: Map<string, string>): AsyncGenerator<Buffer> {
  const reader = createReader(source);
  for (;;) {
    const header = await reader.line();
    const size = /^([0-9a-f]{1,12})$/i.exec(header)?.[1];
    if (size === undefined) throw incomplete('A chunk has no size.');
    let left = Number.parseInt(size, 16);
    if (left === 0) break;
    while (left > 0) {
      const piece = await reader.upTo(left);
      left -= piece.length;
      yield piece;
    }
    if ((await reader.line()) !== '') throw incomplete('A chunk is longer than it says.');
  }
  for (let line = await reader.line(); line !== ''; line = await reader.line()) {
    const colon = line.indexOf(':');
    if (colon < 1) throw new S3Error(400, 'MalformedTrailerError', 'The request contained trailing data that was not well-formed.');
    trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
}

const incomplete = (message: string): S3Error => new S3Error(400, 'IncompleteBody', message);

/** Reads lines and pieces from bytes that arrive in other portions. */
function createReader(source: AsyncIterable<Buffer>): { line(): Promise<string>; upTo(size: number): Promise<Buffer> } {
  const portions = source[Symbol.asyncIterator]();
  let kept: Buffer = Buffer.alloc(0);
  const readMore = async (): Promise<void> => {
    const next = await portions.next();
    if (next.done === true) throw incomplete('The request body ended inside a chunk.');
    kept = kept.length === 0 ? next.value : Buffer.concat([kept, next.value]);
  };
  return {
    line: async () => {
      for (;;) {
        const end = kept.indexOf('\r\n');
        if (end >= 0) {
          const line = kept.toString('latin1', 0, end);
          kept = kept.subarray(end + 2);
          return line;
        }
        if (kept.length > MAX_LINE_BYTES) throw incomplete('A chunk header is too long.');
        await readMore();
      }
    },
    upTo: async (size) => {
      if (kept.length === 0) await readMore();
      const piece = kept.subarray(0, size);
      kept = kept.subarray(size);
      return piece;
    },
  };
}
