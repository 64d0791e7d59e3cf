import { expect, test } from 'vitest';
import { withoutUnused } from './without-unused.ts';

test('leaves out what nothing names, and what only such functions name', () => {
  const source = `local prefix = ARGV[1]
local function used(a)
  return helper(a)
end
local function inner()
  return 1
end
local function outer()
  return inner()
end
local function short(a) return a end
local words = { 'a', 'b' }
local table = {
  one = true,
}
return used(prefix)`;
  expect(withoutUnused(source)).toBe(`local prefix = ARGV[1]
local function used(a)
  return helper(a)
end
return used(prefix)`);
});

test('keeps what is named anywhere, calls something when it is made, or has another form', () => {
  const source = `local function named()
  return 1
end
-- see named
local made = { redis.call('TIME') }
local late
local function odd()
return 2 end
return 0`;
  expect(withoutUnused(source)).toBe(source);
});

test('a script without shared parts stays as it is', () => {
  expect(withoutUnused('return 1')).toBe('return 1');
});
