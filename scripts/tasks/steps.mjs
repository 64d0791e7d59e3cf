// Says what takes long, and only that: a warm start prints nothing.

const WORTH_SAYING_MS = 1000;

/** @typedef {{ quiet<T>(name: string, work: () => Promise<T>): Promise<T>, timed<T>(work: () => Promise<T>): Promise<{ value: T, seconds: string }> }} Steps */

/**
 * @param {(line: string) => void} print
 * @param {() => number} now
 * @returns {Steps}
 */
export function createSteps(print = (line) => console.log(line), now = () => performance.now()) {
  return {
    async quiet(name, work) {
      const start = now();
      const announce = setTimeout(() => print(`· ${name} …`), WORTH_SAYING_MS);
      try {
        return await work();
      } finally {
        clearTimeout(announce);
        if (now() - start > WORTH_SAYING_MS) print(`· ${name}: ${formatSeconds(now() - start)}`);
      }
    },

    async timed(work) {
      const start = now();
      const value = await work();
      return { value, seconds: formatSeconds(now() - start) };
    },
  };
}

/** @param {number} durationMs */
const formatSeconds = (durationMs) => `${(durationMs / 1000).toFixed(1)} s`;
