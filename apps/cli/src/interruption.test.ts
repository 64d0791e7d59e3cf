import { EventEmitter } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { listenForInterruption } from './interruption.ts';

function setup() {
  let time = 0;
  const source = new EventEmitter();
  const interruption = listenForInterruption(source as unknown as NodeJS.Process, () => time); // the two members that it uses
  onTestFinished(() => interruption.close());
  return { source, interruption, later: (ms: number) => (time += ms) };
}

test('the first signal stops, and its echo does not hurry', () => {
  const { source, interruption, later } = setup();
  source.emit('SIGINT');
  later(900);
  source.emit('SIGINT');
  expect([interruption.stop.aborted, interruption.hurry.aborted]).toEqual([true, false]);
});

test('a second signal, after the time of an echo, hurries', () => {
  const { source, interruption, later } = setup();
  source.emit('SIGTERM');
  later(1000);
  source.emit('SIGTERM');
  expect(interruption.hurry.aborted).toBe(true);
});

test('a closed terminal is a first signal', () => {
  const { interruption } = setup();
  interruption.interrupt();
  expect([interruption.stop.aborted, interruption.hurry.aborted]).toEqual([true, false]);
});

test('hears nothing once it is closed', () => {
  const { source, interruption } = setup();
  interruption.close();
  expect(source.eventNames()).toEqual([]);
});
