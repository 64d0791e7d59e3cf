import { mintApiKey } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { findDoor } from './door-settings.ts';

const { text: key } = mintApiKey('test');

test('an address and a key make a door; without an address there is none', () => {
  expect(findDoor({ DARKROOM_URL: 'https://example.com/darkroom/', DARKROOM_KEY: ` ${key}\n` })).toEqual({
    url: 'https://example.com/darkroom',
    key,
  });
  for (const DARKROOM_URL of [undefined, '', ' ']) expect(findDoor({ DARKROOM_URL, DARKROOM_KEY: key })).toBeUndefined();
});

test.each([
  [{ DARKROOM_URL: 'example.com' }, /DARKROOM_URL: must be the http or https address[^]*DARKROOM_KEY: must be an API key/],
  [{ DARKROOM_URL: 'redis://example.com', DARKROOM_KEY: key }, /DARKROOM_URL: must be the http or https address/],
  [{ DARKROOM_URL: 'https://me:secret@example.com', DARKROOM_KEY: key }, /DARKROOM_URL/],
  [{ DARKROOM_URL: 'https://example.com', DARKROOM_KEY: `${key.slice(0, -1)}_` }, /DARKROOM_KEY: is no API key, or has a typing mistake/],
])('%j is refused in words that repeat neither address nor key', (environment, message) => {
  const told = (): unknown => findDoor(environment);
  expect(told).toThrow(message);
  expect(told).not.toThrow(/secret|dk_/);
});
