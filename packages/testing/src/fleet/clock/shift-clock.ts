/** The variable of the environment that says by how many milliseconds a clock is wrong. */
export const CLOCK_VARIABLE = 'DARKROOM_TEST_CLOCK_OFFSET_MS';

// Node runs it as it is compiled, also while this file is read from its source.
const preload = new URL('../../../dist/fleet/clock/preload.js', import.meta.url).href;

/** The environment of a process whose clock is wrong by so many milliseconds. */
export const shiftClock = (offsetMs: number): Readonly<Record<string, string>> =>
  offsetMs === 0
    ? {}
    : {
        NODE_OPTIONS: [process.env['NODE_OPTIONS'], `--import=${preload}`].filter(Boolean).join(' '),
        [CLOCK_VARIABLE]: String(offsetMs),
      };
