import { expect, test } from 'vitest';
import { boundText } from './bound-text.ts';

test('a text that fits stays as it is', () => {
  expect(boundText('as it is', 8)).toBe('as it is');
});

test('a word that the cut goes through is dropped', () => {
  expect(boundText('it failed: token-0123456789', 20)).toBe('it failed:…');
});

test('of a text without a blank no more than a few hundred characters are dropped', () => {
  const bounded = boundText('a'.repeat(2000), 1000);
  expect(bounded).toBe(`${'a'.repeat(700)}…`);
});

test('a known secret with blanks is not left cut in two', () => {
  const secret = 'correct horse battery staple';
  for (let room = 1; room < secret.length; room += 1) expect(boundText(`said ${secret} twice`, 5 + room, [secret])).toBe('said…');
});

test('the login of an address is dropped although it is longer than any word', () => {
  const text = `cannot connect redis://user:${'p'.repeat(900)}@host`;
  expect(boundText(text, 800)).toBe('cannot connect…');
});
