import { expect, onTestFinished, test } from 'vitest';
import type { Terminal } from '../terminal.ts';
import { createProgress } from './progress.ts';

function setup(isLive: boolean) {
  let time = 0;
  const printed: string[] = [];
  const drawn: (readonly string[])[] = [];
  const terminal: Terminal = {
    isLive,
    print: (...lines) => void printed.push(...lines),
    complain: () => undefined,
    draw: (lines) => void drawn.push(lines),
    keepDrawing: () => void printed.push(...(drawn.at(-1) ?? [])),
    paint: (_style, text) => text,
  };
  const progress = createProgress(terminal, ['one', 'three'], () => time);
  onTestFinished(() => progress.close());
  return { progress, printed, drawn, later: (ms: number) => (time += ms) };
}

const bought = { words: 'bought', style: 'yellow' } as const;
const verified = { words: 'verified', style: 'green' } as const;

test('without a terminal each change prints one line, and a repetition none', () => {
  const { progress, printed, later } = setup(false);
  later(1000);
  progress.update(1, bought, false);
  progress.update(1, bought, false);
  later(500);
  progress.update(1, verified, true);
  progress.update(1, bought, false);
  expect(printed).toEqual(['  · three    1.0 s  bought', '  ✔ three    1.5 s  verified']);
});

test('on a terminal all lines are drawn in place, and stay at the end with their clocks stopped', () => {
  const { progress, printed, drawn, later } = setup(true);
  later(1000);
  progress.update(0, { words: 'failed: refused', style: 'red' }, true);
  later(9000);
  progress.update(1, verified, true);
  expect(printed).toEqual([]);
  expect(drawn.at(-1)).toEqual(['  ✖ one      1.0 s  failed: refused', '  ✔ three   10.0 s  verified']);
  progress.close();
  expect(printed).toEqual(drawn.at(-1));
});
