import { expect, test } from 'vitest';
import { canReadUrl } from './can-read-url.ts';

test('accepts an address with letters of any script, however often it is called', () => {
  let refused = 0;
  for (let at = 0; at < 30_000; at += 1) if (!canReadUrl('https://bücher.example/ä.png')) refused += 1;
  expect(refused).toBe(0);
  expect(canReadUrl('https://例え.example/')).toBe(true);
});

test.each(['', 'example', '//example', 'https://', 'https://a b/', 'https://[::1'])('%j is no URL', (text) => {
  expect(canReadUrl(text)).toBe(false);
});
