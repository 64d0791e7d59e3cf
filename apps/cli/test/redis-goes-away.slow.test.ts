import { expect, test } from 'vitest';
import { setup } from './redis-goes-away-world.ts';

/** The lost request as a share of those of a whole run: while the command connects, in its middle, and its last one. */
const SHARES = [0.4, 0.7, 1];

test.each([
  [['status']],
  [['spend', '--tenant', 'acme']],
  [['caps']],
  [['caps', '--day', '5']],
  [['limits']],
  [['limits', '--tasks', '20']],
  [['unknown']],
  [['pause', '--reason', 'we move']],
  [['resume']],
  [['reconcile']],
  [['rebuild']],
  [['doctor']],
])('%j ends with one line and its exit code when Redis goes away in its middle', { timeout: 30_000 }, async (words) => {
  const open = () => setup({ isOpen: words[0] !== 'rebuild' });
  const whole = await (await open()).run(words);
  expect(whole.requests).toBeGreaterThan(5);
  for (const share of SHARES) {
    const after = Math.max(1, Math.floor(whole.requests * share));
    const { code, complaints, printed, requests } = await (await open()).run(words, after);
    if (requests < after) continue; // several requests went out at once, and none was lost
    // The last request of a rebuild gives back a turn, which ends by itself: the command has done its work by then.
    if (words[0] === 'rebuild' && after === whole.requests) continue;
    // for doctor a Redis that goes away is a finding
    expect(code, `request ${after} of ${whole.requests}`).toBe(words[0] === 'doctor' ? 3 : 1);
    const lines = words[0] === 'doctor' ? printed.filter((line) => line.includes('✖')) : complaints;
    expect(lines.at(-1)).toMatch(/redis cannot be used any more|does not answer|went away/i);
    expect(lines.at(-1)?.trim()).not.toContain('\n');
    expect(lines.join('\n')).not.toMatch(/writeable|maxRetries|at .*\.ts:/);
  }
});
