import { expect, test } from 'vitest';
import { boundText } from './bound-text.ts';

test('keeps a text that fits', () => {
  expect(boundText('as it is', 8)).toBe('as it is');
});

test('drops the word at the cut', () => {
  expect(boundText('it failed: token-0123456789', 20)).toBe('it failed:…');
});

test('drops at most a few hundred characters of a text without blanks', () => {
  const bounded = boundText('a'.repeat(2000), 1000);
  expect(bounded).toBe(`${'a'.repeat(700)}…`);
});

test('never leaves half of a known secret with blanks', () => {
  const secret = 'correct horse battery staple';
  for (let room = 1; room < secret.length; room += 1) expect(boundText(`said ${secret} twice`, 5 + room, [secret])).toBe('said…');
});

test('drops the login of an address, though it is longer than any word', () => {
  const text = `cannot connect redis://user:${'p'.repeat(900)}@host`;
  expect(boundText(text, 800)).toBe('cannot connect…');
});
