import { expect, test } from 'vitest';
import { apiKeyRecordSchema, isSameHash, mintApiKey, parseApiKey } from './api-keys.ts';

test('a minted key has its parts, and parses to its id and hash', () => {
  const { id, text, hash } = mintApiKey('live');
  expect(text).toMatch(/^dk_live_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}$/);
  expect(parseApiKey(text)).toEqual({ id, hash });
  expect(text).toContain(`_${id}_`);
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
});

test('two keys differ in id and secret', () => {
  const [one, other] = [mintApiKey('live'), mintApiKey('live')];
  expect(one.id).not.toBe(other.id);
  expect(one.hash).not.toBe(other.hash);
});

test('one wrong letter anywhere is told without a look at a store', () => {
  const { text } = mintApiKey('test');
  for (let at = 0; at < text.length; at += 1) {
    const wrong = `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`;
    expect(parseApiKey(wrong), `letter ${at}`).toBeUndefined();
  }
  for (const none of ['', 'dk_', `${text}0`, text.slice(1), ` ${text}`, 'Bearer x']) expect(parseApiKey(none)).toBeUndefined();
});

test('all bytes of a secret count, the highest ones too', () => {
  const filled = (byte: number) => mintApiKey('live', (size) => new Uint8Array(size).fill(byte)).text;
  expect(new Set([0, 1, 127, 254, 255].map(filled)).size).toBe(5);
});

test('hashes are compared as a whole', () => {
  const { hash } = mintApiKey('live');
  expect(isSameHash(hash, hash)).toBe(true);
  expect(isSameHash(hash, `${hash.slice(0, -1)}x`)).toBe(false);
  expect(isSameHash(hash, '')).toBe(false);
});

test('a record names a tenant and at least one scope', () => {
  const { id, hash } = mintApiKey('live');
  const after = { tenant: 'acme', scopes: ['read'], name: 'ci', hash, createdAt: 1 };
  const record = { version: 1, kind: 'keys', id, revision: 1, after };
  expect(apiKeyRecordSchema.parse(record)).toEqual(record);
  expect(apiKeyRecordSchema.safeParse({ ...record, after: { ...after, scopes: [] } }).success).toBe(false);
  expect(apiKeyRecordSchema.safeParse({ ...record, after: { ...after, tenant: 'a b' } }).success).toBe(false);
});
