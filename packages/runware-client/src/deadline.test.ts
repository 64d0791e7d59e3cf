import { getEventListeners } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { startDeadline } from './deadline.ts';

test('many requests that one signal ends are no leak, and leave no listener behind', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on('warning', note);
  onTestFinished(() => void process.off('warning', note));
  const caller = new AbortController();
  const deadlines = Array.from({ length: 20 }, () => startDeadline(60_000, caller.signal));
  await new Promise((resolve) => setImmediate(resolve)); // Node warns in a later turn
  expect(warnings).toEqual([]);
  deadlines[0]?.stop();
  caller.abort();
  expect(deadlines.map(({ endedBy }) => endedBy())).toEqual([undefined, ...Array.from({ length: 19 }, () => 'caller')]);
  for (const deadline of deadlines) deadline.stop();
  expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
});
