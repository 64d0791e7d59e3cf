import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createGenerationId, formatUuid, generationIdTime, isGenerationId } from './generation-id.ts';

const moment = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const random = fc.uint8Array({ minLength: 16, maxLength: 16 });
const fill = (bytes: Uint8Array) => (target: Uint8Array) => {
  target.set(bytes);
  return target;
};

describe('a generation id', () => {
  test('is a UUIDv7 that holds its time of minting', () => {
    fc.assert(
      fc.property(moment, random, (now, bytes) => {
        const id = createGenerationId(now, fill(bytes));
        expect(isGenerationId(id)).toBe(true);
        expect(generationIdTime(id)).toBe(now);
      }),
    );
  });

  test('sorts after an id of an earlier moment', () => {
    fc.assert(
      fc.property(moment, moment, random, random, (one, other, bytes, otherBytes) => {
        fc.pre(one < other);
        expect(createGenerationId(one, fill(bytes)) < createGenerationId(other, fill(otherBytes))).toBe(true);
      }),
    );
  });

  // RFC 9562, appendix A.6.
  test("has the layout of the RFC's example", () => {
    const bytes = Buffer.from('017f22e279b07cc398c4dc0c0c07398f', 'hex');
    expect(createGenerationId(1_645_557_742_000, fill(bytes))).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });

  test('differs each time', () => {
    expect(new Set(Array.from({ length: 1000 }, () => createGenerationId(1_700_000_000_000))).size).toBe(1000);
  });

  test.each([
    '',
    '017f22e279b07cc398c4dc0c0c07398f',
    '017F22E2-79B0-7CC3-98C4-DC0C0C07398F',
    '017f22e2-79b0-4cc3-98c4-dc0c0c07398f',
    '017f22e2-79b0-7cc3-c8c4-dc0c0c07398f',
    '017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n',
    ' 017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
    '017f22e2-79b0-7cc3-98c4-dc0c0c07398f/../x',
  ])('"%s" is no generation id', (value) => {
    expect(isGenerationId(value)).toBe(false);
  });
});

test('16 bytes are written as a UUID', () => {
  expect(formatUuid(Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'))).toBe('00010203-0405-0607-0809-0a0b0c0d0e0f');
});
