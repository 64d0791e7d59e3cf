import { expect, test } from 'vitest';
import { joinServices, type Service } from './service.ts';

function setup(...failing: string[]) {
  const calls: string[] = [];
  const call = async (name: string) => {
    calls.push(name);
    if (failing.includes(name)) throw new Error(name);
  };
  const service = (name: string): Service => ({ start: () => call(`start ${name}`), stop: () => call(`stop ${name}`) });
  return { calls, joined: joinServices([service('a'), service('b'), service('c')]) };
}

test('services start in order and stop in the opposite order', async () => {
  const { calls, joined } = setup();
  await joined.start?.();
  await joined.stop();
  expect(calls).toEqual(['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a']);
});

test('if one does not start, stops all and throws its error', async () => {
  const { calls, joined } = setup('start b', 'stop a');
  await expect(joined.start?.()).rejects.toThrow('start b');
  expect(calls).toEqual(['start a', 'start b', 'stop c', 'stop b', 'stop a']);
});

test('a service that cannot be stopped does not prevent the others from stopping', async () => {
  const { calls, joined } = setup('stop b');
  await expect(joined.stop()).rejects.toThrow('stop b');
  expect(calls).toEqual(['stop c', 'stop b', 'stop a']);
  await expect(setup('stop b', 'stop c').joined.stop()).rejects.toThrow('2 of 3 services could not be stopped');
});
