import { expect, onTestFinished, test } from 'vitest';
import { createLogger } from '../logging/logger.ts';
import { createOutageLines } from './outage-lines.ts';
import { watchDependency } from './watch-dependency.ts';

function setup(look: (signal: AbortSignal) => Promise<unknown>, isHopeless = (_error: unknown) => false) {
  const watch = watchDependency(
    { name: 's3', look, isHopeless, everyMs: 5, retryMs: 5, limitMs: 50 },
    { logger: createLogger({ name: 'test', level: 'silent' }), now: () => performance.now() },
  );
  onTestFinished(() => watch.stop());
  const check = () =>
    watch.check.check(new AbortController().signal).then(
      () => 'ok',
      (error: unknown) => String(error),
    );
  return { watch, check };
}

test('a start waits until the dependency can be used', async () => {
  let isThere = false;
  const { watch, check } = setup(async () => {
    if (!isThere) throw new Error('the bucket does not exist');
  });
  await watch.start();
  const waited = watch.untilThere();
  await expect.poll(check).toContain('the bucket does not exist');
  isThere = true;
  await waited;
  expect(await check()).toBe('ok');
});

test('a look that never ends counts as a loss, even if it ignores its signal', async () => {
  const { watch, check } = setup(() => new Promise(() => undefined));
  await watch.start();
  await expect.poll(check).toContain('no answer within 50 ms');
});

test('a stop ends a look and the wait for it', async () => {
  const { watch } = setup(() => new Promise(() => undefined));
  await watch.start();
  const waited = watch.untilThere();
  await Promise.all([expect(waited).rejects.toThrow('stopped'), watch.stop()]);
});

test('a hopeless reason ends the wait', async () => {
  const { watch } = setup(
    () => Promise.reject(new TypeError('never')),
    (error) => error instanceof TypeError,
  );
  await watch.start();
  await expect(watch.untilThere()).rejects.toThrow('never');
});

function setupLines() {
  let nowMs = 0;
  const told: string[] = [];
  const logger = createLogger(
    { name: 'test' },
    {
      write: (line) => {
        const { event, reason } = JSON.parse(line) as { event: string; reason?: string }; // a line of our logger
        told.push(`${nowMs / 1000} ${event}${reason === undefined ? '' : ` ${reason}`}`);
      },
    },
  );
  const lines = createOutageLines({ name: 's3', about: {} }, logger, () => nowMs);
  return {
    told,
    lines,
    /** Logs the state once a second for this long. */
    pass(seconds: number, reason?: string): void {
      for (let second = 0; second < seconds; second += 1) {
        if (reason === undefined) lines.noteThere();
        else lines.noteAway(reason);
        nowMs += 1000;
      }
    },
  };
}

test('logs an outage after two seconds, rarely again, at a change of its reason, and at its end', () => {
  const { told, pass } = setupLines();
  pass(200, 'refused');
  pass(10, 'timeout');
  pass(5);
  expect(told).toEqual(['2 s3.lost refused', '62 s3.lost refused', '182 s3.lost refused', '200 s3.lost timeout', '210 s3.regained']);
});

test('an outage begins with the look that found it: after a slow look it is logged at once', () => {
  const { told, lines } = setupLines();
  lines.noteAway('timeout', -5000);
  expect(told).toEqual(['0 s3.lost timeout']);
});

test('slow failures among answered requests are no outage', () => {
  const { told, lines, pass } = setupLines();
  for (let second = 0; second < 60; second += 1) {
    pass(1);
    lines.noteAway('timeout', second * 1000 - 30_000);
  }
  expect(told).toEqual([]);
});

test('does not log a hiccup, and logs alternating reasons every few seconds at most', () => {
  const { told, pass } = setupLines();
  pass(2, 'refused');
  pass(2);
  expect(told).toEqual([]);
  for (let turn = 0; turn < 60; turn += 1) pass(1, turn % 2 === 0 ? 'refused' : 'timeout');
  expect(told.length).toBeLessThanOrEqual(12);
});
