import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeAwsChunked } from './aws-chunked.ts';

const CRC = 'x-amz-checksum-crc32:AAAAAA==';

/** Decodes a framed body that arrives in pieces cut at these places. */
async function decode(framed: Buffer, cuts: readonly number[] = []): Promise<{ bytes: Buffer; trailers: Map<string, string> }> {
  async function* arrive(): AsyncGenerator<Buffer> {
    const places = [0, ...cuts.map((cut) => cut % (framed.length + 1)).sort((left, right) => left - right), framed.length];
    for (const [index, place] of places.slice(0, -1).entries()) yield framed.subarray(place, places[index + 1]);
  }
  const trailers = new Map<string, string>();
  const portions: Buffer[] = [];
  for await (const portion of decodeAwsChunked(arrive(), trailers)) portions.push(portion);
  return { bytes: Buffer.concat(portions), trailers };
}

const frame = (chunks: readonly Uint8Array[], trailer = `${CRC}\r\n`): Buffer =>
  Buffer.concat([
    ...chunks
      .filter(({ length }) => length > 0)
      .flatMap((chunk) => [Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]),
    Buffer.from(`0\r\n${trailer}\r\n`),
  ]);

describe('an aws-chunked body', () => {
  test('returns its bytes and its trailer wherever the network cut it', async () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(chunks, fc.array(fc.nat(400), { maxLength: 6 }), async (parts, cuts) => {
        const { bytes, trailers } = await decode(frame(parts), cuts);
        expect(bytes.equals(Buffer.concat(parts))).toBe(true);
        expect([...trailers]).toEqual([['x-amz-checksum-crc32', 'AAAAAA==']]);
      }),
    );
  });

  test.each([
    ['that ends inside a chunk', '5\r\nabc', 'IncompleteBody'],
    ['that ends before its last chunk', '3\r\nabc\r\n', 'IncompleteBody'],
    ['with a chunk that is longer than it says', '2\r\nabc\r\n0\r\n\r\n', 'IncompleteBody'],
    ['with a size that is not one', 'x\r\nabc\r\n', 'IncompleteBody'],
    ['with a trailer that is not one', '0\r\nnonsense\r\n\r\n', 'MalformedTrailerError'],
  ])('is refused: %s', async (_, framed, code) => {
    await expect(decode(Buffer.from(framed))).rejects.toMatchObject({ code });
  });
});
