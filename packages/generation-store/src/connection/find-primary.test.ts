import { expect, test } from 'vitest';
import { askNodes, readMoved } from './find-primary.ts';

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

/** A cluster as it answers `EXISTS`: by node 1 or 0, "MOVED …", or silence (an error). */
function setup(hosts: string[], answers: Record<string, number | string>) {
  const asked: string[] = [];
  const find = askNodes(
    hosts.map((host) => ({ host, port: 1 })),
    '{darkroom}:epoch',
    async ({ host }) => {
      asked.push(host);
      const answer = answers[host];
      if (typeof answer === 'number') return answer;
      throw new Error(answer ?? 'silent');
    },
  );
  return { find: async () => (await find()).host, asked, answers };
}

test('a node that holds the store goes before another Redis at an address that a node has left', async () => {
  for (let round = 0; round < 20; round += 1) {
    const { find } = setup(['left', 'a', 'b', 'c'], { left: 0, a: 'MOVED 1 c:1', b: 'MOVED 1 c:1', c: 1 });
    expect(await find()).toBe('c');
  }
});

test('a store that is not open yet is found', async () => {
  expect(await setup(['a'], { a: 0 }).find()).toBe('a');
  expect(await setup(['a'], { a: 'MOVED 1 b:1', b: 0 }).find()).toBe('b');
});

test('a node that another one named is asked later, and forgotten once it is of no use', async () => {
  const { find, asked, answers } = setup(['a'], { a: 'MOVED 1 b:1', b: 1, c: 1 });
  expect(await find()).toBe('b');
  // The node of the address is gone: the remembered one names the next owner.
  Object.assign(answers, { a: 'gone', b: 'MOVED 1 c:1' });
  expect(await find()).toBe('c');
  Object.assign(answers, { b: 'gone' });
  expect(await find()).toBe('c');
  Object.assign(answers, { a: 1, c: 'gone' });
  await expect.poll(async () => ((asked.length = 0), await find(), asked)).toEqual(['a']);
  // Another Redis came to an address that was only remembered.
  const later = setup(['a'], { a: 'MOVED 1 b:1', b: 1 });
  expect(await later.find()).toBe('b');
  Object.assign(later.answers, { a: 'gone', b: 0 });
  await expect(later.find()).rejects.toThrow('no node of the cluster');
});
