import type { Terminal } from '../terminal.ts';

/** Tells how far a long reading is: in place on a terminal, else in a line now and then. */
export interface Counter {
  /** Passes items on, and tells their number as it grows. @param describe Says it in words, with the last item. */
  through<Item>(items: AsyncIterable<Item>, describe: (count: number, last: Item) => string): AsyncGenerator<Item, void, undefined>;
}

const REDRAW_MS = 200;
/** A log keeps each line. */
const PRINT_MS = 10_000;

/** Creates one. @param now A monotonic clock, in milliseconds. */
export function createCounter(terminal: Pick<Terminal, 'isLive' | 'draw' | 'keepDrawing' | 'print'>, now: () => number): Counter {
  const { isLive } = terminal;
  const tell = (words: string): void => (isLive ? terminal.draw([words]) : terminal.print(words));
  return {
    async *through(items, describe) {
      let told = now();
      let count = 0;
      let words: (() => string) | undefined;
      try {
        for await (const item of items) {
          count += 1;
          const counted = count;
          words = () => describe(counted, item);
          if (now() - told >= (isLive ? REDRAW_MS : PRINT_MS)) {
            told = now();
            tell(words());
          }
          yield item;
        }
      } finally {
        // also where the reader leaves early: the next line of the command begins below it
        if (isLive && words !== undefined) {
          tell(words());
          terminal.keepDrawing();
        }
      }
    },
  };
}
