import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { shiftClock } from '../../src/fleet/clock/shift-clock.ts';

const tell = `console.log(JSON.stringify([Date.now(), new Date().getTime(), new Date(0).getTime(), Date.UTC(2000, 0), new Date() instanceof Date]))`;

test('the clock of a process is wrong by as much as it was told, and nothing else of its dates', async () => {
  const before = Date.now();
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', tell], {
    env: { PATH: process.env['PATH'] ?? '', ...shiftClock(-3_600_000) },
  });
  const after = Date.now();
  const [now, made, epoch, utc, isDate] = JSON.parse(stdout) as [number, number, number, number, boolean]; // as printed above
  for (const time of [now, made]) {
    expect(time).toBeGreaterThanOrEqual(before - 3_600_000);
    expect(time).toBeLessThanOrEqual(after - 3_600_000);
  }
  expect([epoch, utc, isDate]).toEqual([0, Date.UTC(2000, 0), true]);
});
