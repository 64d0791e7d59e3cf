import { expect, test } from 'vitest';
import { tenantFolder } from '../../tenant.ts';
import { findKeptInput, formatKeptInput } from './kept-input.ts';

const sha256 = '0123456789abcdef'.repeat(4);

test.each(['acme', 'a@b', '.', '..', '...', '|'.repeat(128), sha256])('reads back a reference to a kept image of tenant "%s"', (tenant) => {
  const input = { tenantPart: tenantFolder(tenant), sha256 };
  const reference = formatKeptInput(input);
  expect(findKeptInput(reference)).toEqual(input);
  expect(new URL(reference.replace('darkroom:', 'https://bucket.example/')).pathname).toBe(`/inputs/${input.tenantPart}/${sha256}`);
});

test('reads a reference of version 0.1.0, which names no tenant', () => {
  expect(findKeptInput(`darkroom:inputs/${sha256}`)).toEqual({ sha256 });
  expect(formatKeptInput({ sha256 })).toBe(`darkroom:inputs/${sha256}`);
});

test.each([
  'https://example.org/darkroom:inputs/x',
  'iVBORw0KGgo=',
  'darkroom:images/2026/01/01/x',
  '',
  `darkroom:inputs/../${sha256}`,
  `darkroom:inputs/./${sha256}`,
  `darkroom:inputs//${sha256}`,
  `darkroom:inputs/a/b/${sha256}`,
  `darkroom:inputs/acme/${sha256}\n`,
])('"%s" names no kept image', (value) => {
  expect(findKeptInput(value)).toBeUndefined();
});
