import { EventEmitter } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { listenForSignals } from './signals.ts';

function setup() {
  let time = 0;
  const source = new EventEmitter();
  const signals = listenForSignals(['SIGINT', 'SIGTERM'], { source: source as unknown as NodeJS.Process, now: () => time }); // the two members that it uses
  onTestFinished(() => signals.close());
  // An emitter passes no name of its own, as a process does.
  const send = (name: NodeJS.Signals): void => void source.emit(name, name);
  return { source, signals, send, later: (ms: number) => (time += ms) };
}

test('the first signal stops, and its echo does not hurry', async () => {
  const { signals, send, later } = setup();
  send('SIGINT');
  later(900);
  send('SIGINT');
  expect([signals.stop.aborted, signals.hurry.aborted, signals.name()]).toEqual([true, false, 'SIGINT']);
  await signals.received;
});

test('a second signal hurries, after the time of an echo or under another name', () => {
  const late = setup();
  late.send('SIGTERM');
  late.later(1000);
  late.send('SIGTERM');
  expect(late.signals.hurry.aborted).toBe(true);
  const other = setup();
  other.send('SIGINT');
  other.send('SIGTERM');
  expect(other.signals.hurry.aborted).toBe(true);
});

test('an interruption acts as a first signal, and the signal after it does not hurry', async () => {
  const { signals, send } = setup();
  signals.interrupt();
  send('SIGHUP');
  send('SIGINT');
  expect([signals.stop.aborted, signals.hurry.aborted]).toEqual([true, false]);
  await signals.received;
});

test('after close nothing listens', () => {
  const { source, signals } = setup();
  signals.close();
  expect(source.eventNames()).toEqual([]);
});
