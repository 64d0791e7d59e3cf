import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesCredentials } from './basic-credentials.ts';

const credentials = { user: 'darkroom', password: 'a long pass:wörd' };
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const right = `${credentials.user}:${credentials.password}`;

test('the right user and password match, in any case of the scheme', () => {
  expect(matchesCredentials(basic(right), credentials)).toBe(true);
  expect(matchesCredentials(basic(right).replace('Basic', 'basic'), credentials)).toBe(true);
});

test.for([
  undefined,
  '',
  'Basic',
  'Basic ',
  basic(''),
  basic(`${right}x`),
  basic(right.slice(0, -1)),
  basic(right).replace('Basic', 'Bearer'),
  right,
])('%j does not match', (header) => {
  expect(matchesCredentials(header, credentials)).toBe(false);
});

test('nothing but the right pair matches', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(matchesCredentials(basic(text), credentials)).toBe(text === right);
      expect(matchesCredentials(text, credentials)).toBe(false);
    }),
  );
});
