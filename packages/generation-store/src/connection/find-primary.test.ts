import { expect, test } from 'vitest';
import { readMoved } from './find-primary.ts';

const asked = { host: 'n1', port: 7001 };

test.each([
  ['MOVED 3999 10.0.0.5:6381', { host: '10.0.0.5', port: 6381 }],
  ['MOVED 3999 redis-2.internal:6379', { host: 'redis-2.internal', port: 6379 }],
  ['MOVED 3999 fd00::5:6381', { host: 'fd00::5', port: 6381 }],
  ['MOVED 3999 :6381', { host: 'n1', port: 6381 }],
  ['MOVED 3999 ?:6381', { host: 'n1', port: 6381 }],
  ['CLUSTERDOWN Hash slot not served', undefined],
])('%j names the owner of the slot', (words, owner) => {
  expect(readMoved(new Error(words), asked)).toEqual(owner);
});
