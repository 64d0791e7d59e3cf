import { expect, test } from 'vitest';
import { createCounter } from './counter.ts';

async function* items(count: number): AsyncGenerator<number, void, undefined> {
  for (let item = 1; item <= count; item += 1) yield item;
}

/** Reads four items, between which six seconds pass each. */
async function read(isLive: boolean) {
  const [drawn, printed]: [string[], string[]] = [[], []];
  let time = 0;
  const counter = createCounter(
    {
      isLive,
      draw: (lines) => void drawn.push(...lines),
      keepDrawing: () => void drawn.push('kept'),
      print: (...lines) => void printed.push(...lines),
    },
    () => time,
  );
  const seen: number[] = [];
  for await (const item of counter.through(items(4), (count, last) => `${count} read, the last is ${last}`)) {
    seen.push(item);
    time += 6000;
  }
  return { seen, drawn, printed };
}

test('a terminal shows the number in place, and keeps the last one', async () => {
  expect(await read(true)).toEqual({
    seen: [1, 2, 3, 4],
    drawn: ['2 read, the last is 2', '3 read, the last is 3', '4 read, the last is 4', '4 read, the last is 4', 'kept'],
    printed: [],
  });
});

test('a log gets a line every ten seconds at most', async () => {
  expect(await read(false)).toMatchObject({ seen: [1, 2, 3, 4], drawn: [], printed: ['3 read, the last is 3'] });
});
