import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { taskUuidOf } from './submission-ref.ts';
import { checkCapability, mintCapability, type CapabilityKeys } from './webhook-capability.ts';

const spring = { id: 'spring', secret: '5c1d7a0e2f4b6c8d9e0a1b2c3d4e5f60' };
const autumn = { id: 'autumn', secret: 'a9b8c7d6e5f4031221304f5e6d7c8b9a' };
const ref = { generationId: '017f22e2-79b0-7cc3-98c4-dc0c0c07398f', index: 3, n: 2 };
const now = 1_770_000_000_000;
const expiresAt = now + 3_600_000;
const capability = mintCapability([spring], ref, expiresAt);

const check = (given: string | undefined, keys: CapabilityKeys = [spring], at = now) => checkCapability(keys, given, at);
const refused = (reason: string) => ({ kind: 'refused', reason });

describe('a capability', () => {
  test('names the submission of a delivery', () => {
    expect(check(capability)).toEqual({ kind: 'valid', ref, taskUUID: taskUuidOf(ref) });
  });

  test('fits into the query of a URL as it is', () => {
    expect(encodeURIComponent(capability)).toBe(capability);
  });

  test.each([
    { name: 'missing', given: undefined, reason: 'missing' },
    { name: 'empty', given: '', reason: 'missing' },
    { name: 'not of this form', given: 'let me in', reason: 'malformed' },
    { name: 'followed by a line end', given: `${capability}\n`, reason: 'malformed' },
    { name: 'for an id that is no generation id', given: capability.replace('-7cc3-', '-4cc3-'), reason: 'malformed' },
    { name: 'of an unknown key', given: capability.replace('spring', 'winter'), reason: 'unknown-key' },
    { name: 'for another submission', given: capability.replace('.3.2.', '.3.1.'), reason: 'forged' },
    { name: 'for another image', given: capability.replace('.3.2.', '.4.2.'), reason: 'forged' },
    { name: 'for another generation', given: capability.replace('017f22e2', '017f22e3'), reason: 'forged' },
    { name: 'with a later expiry', given: capability.replace(String(expiresAt / 1000), String(expiresAt / 1000 + 1)), reason: 'forged' },
    { name: 'with numbers led by zeros', given: capability.replace('.3.2.', '.03.02.'), reason: 'forged' },
  ])('that is $name is refused as $reason', ({ given, reason }) => {
    expect(check(given)).toEqual(refused(reason));
  });

  test('is valid until its expiry and no longer', () => {
    expect(check(capability, [spring], expiresAt - 1)).toMatchObject({ kind: 'valid' });
    expect(check(capability, [spring], expiresAt)).toEqual(refused('expired'));
  });

  test('is valid for at least the requested time, rounded to the second', () => {
    expect(check(mintCapability([spring], ref, now + 1), [spring], now)).toMatchObject({ kind: 'valid' });
    expect(check(mintCapability([spring], ref, now + 1), [spring], now + 1000)).toEqual(refused('expired'));
  });

  test('is refused as forged even after its expiry', () => {
    expect(check(capability.replace('.3.2.', '.3.1.'), [spring], expiresAt)).toEqual(refused('forged'));
  });

  test('is refused with any one character replaced', () => {
    const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \u0000é'.split('');
    for (let position = 0; position < capability.length; position += 1) {
      for (const character of characters.filter((other) => other !== capability[position])) {
        const flipped = capability.slice(0, position) + character + capability.slice(position + 1);
        expect(check(flipped).kind, flipped).toBe('refused');
      }
    }
  });

  test('is refused with a character added or left out', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: capability.length - 1 }),
        fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 3 }),
        (position, added) => {
          expect(check(capability.slice(0, position) + capability.slice(position + 1)).kind).toBe('refused');
          expect(check(capability.slice(0, position) + added + capability.slice(position)).kind).toBe('refused');
        },
      ),
    );
  });

  test('differs for each submission', () => {
    const anyRef = fc.record({
      generationId: fc.uuid({ version: 7 }),
      index: fc.integer({ min: 0, max: 19 }),
      n: fc.integer({ min: 1, max: 9999 }),
    });
    fc.assert(
      fc.property(anyRef, anyRef, (one, other) => {
        fc.pre(taskUuidOf(one) !== taskUuidOf(other));
        const [ownMac, otherMac] = [one, other].map((each) => mintCapability([spring], each, expiresAt).split('.').at(-1) ?? '');
        expect(ownMac).not.toBe(otherMac);
        expect(check(mintCapability([spring], one, expiresAt))).toEqual({ kind: 'valid', ref: one, taskUUID: taskUuidOf(one) });
      }),
    );
  });
});

describe('signing keys', () => {
  test('the first signs and all verify while one replaces another', () => {
    const keys: CapabilityKeys = [autumn, spring];
    expect(mintCapability(keys, ref, expiresAt)).toMatch(/^autumn\./);
    expect(check(mintCapability(keys, ref, expiresAt), keys)).toMatchObject({ kind: 'valid' });
    expect(check(capability, keys)).toMatchObject({ kind: 'valid' });
  });

  test('a retired key no longer verifies', () => {
    expect(check(capability, [autumn])).toEqual(refused('unknown-key'));
  });

  test('a key of the same name with another secret is another key', () => {
    expect(check(capability, [{ ...spring, secret: autumn.secret }])).toEqual(refused('forged'));
  });

  test('one key does not sign for another', () => {
    const signed = mintCapability([{ ...spring, id: 'autumn' }], ref, expiresAt);
    expect(check(signed, [autumn, spring])).toEqual(refused('forged'));
  });
});
