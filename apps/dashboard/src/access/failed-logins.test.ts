import { expect, test } from 'vitest';
import { createFailedLogins } from './failed-logins.ts';

function setup() {
  let time = 0;
  const logins = createFailedLogins(() => time);
  const fail = (address: string, times: number): void => {
    for (let attempt = 0; attempt < times; attempt += 1) logins.note(address);
  };
  return { logins, fail, at: (ms: number) => (time = ms) };
}

test('after ten failures an address waits until the minute has passed', () => {
  const { logins, fail, at } = setup();
  fail('a', 9);
  expect(logins.waitMs('a')).toBe(0);
  fail('a', 1);
  at(20_000);
  expect(logins.waitMs('a')).toBe(40_000);
  at(60_000);
  expect(logins.waitMs('a')).toBe(0);
});

test('one address does not lock out another', () => {
  const { logins, fail } = setup();
  fail('a', 100);
  expect(logins.waitMs('b')).toBe(0);
});

test('the number of addresses is bounded: a new one replaces the oldest', () => {
  const { logins, fail } = setup();
  fail('first', 10);
  for (let at = 0; at < 999; at += 1) fail(`address-${at}`, 1);
  expect(logins.waitMs('first')).toBe(60_000);
  fail('one-more', 1);
  expect(logins.waitMs('first')).toBe(0);
});
