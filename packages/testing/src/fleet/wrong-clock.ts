import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A clock for one or more processes that a test can set. */
export interface WrongClock extends AsyncDisposable {
  /** Environment that gives a process this clock. */
  readonly env: Readonly<Record<string, string>>;
  /** Sets the clock ahead of the true time, or behind if negative. A running process follows within some 50 ms. */
  set(aheadMs: number): Promise<void>;
}

/**
 * Runs in a process before its own code: `Date` is ahead by the number in a file, and `performance.now` is unchanged. It uses nothing
 * from outside the function, because Node loads its source from a data URL.
 */
function goByWrongClock(): void {
  const TrueDate = Date;
  const { readFileSync } = process.getBuiltinModule('node:fs');
  let aheadMs = 0;
  const read = (): void => {
    const said = Number(readFileSync(process.env['WRONG_CLOCK_FILE'] ?? '', 'utf8'));
    if (Number.isFinite(said)) aheadMs = said;
  };
  read();
  setInterval(read, 50).unref();
  globalThis.Date = new Proxy(TrueDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [TrueDate.now() + aheadMs] : args, newTarget) as Date,
    apply: () => new TrueDate(TrueDate.now() + aheadMs).toString(),
    get: (target, name, receiver) => (name === 'now' ? () => TrueDate.now() + aheadMs : (Reflect.get(target, name, receiver) as unknown)),
  });
}

/** Creates a clock for processes that is ahead of the true time, or behind if negative. */
export async function createWrongClock(aheadMs: number): Promise<WrongClock> {
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-clock-'));
  const file = join(directory, 'ahead-ms');
  const set = (ms: number): Promise<void> => writeFile(file, String(ms));
  await set(aheadMs);
  const code = encodeURIComponent(`(${goByWrongClock.toString()})()`).replaceAll(/['()]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
  return {
    env: { WRONG_CLOCK_FILE: file, NODE_OPTIONS: `--import=data:text/javascript,${code}` },
    set,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
