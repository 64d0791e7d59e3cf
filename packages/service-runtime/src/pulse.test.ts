import { expect, onTestFinished, test } from 'vitest';
import { createPulse } from './pulse.ts';

async function setup(isExpected: () => boolean) {
  const pulse = createPulse({ isExpected, everyMs: 5, maxSilentChecks: 3 });
  await pulse.start();
  onTestFinished(() => pulse.stop());
  return pulse;
}

test('a loop that stops turning is a standstill, until it turns again', async () => {
  const pulse = await setup(() => true);
  expect(pulse.isSilent()).toBe(false);
  await expect.poll(() => pulse.isSilent()).toBe(true);
  const turnAndLook = (): boolean => {
    pulse.beat();
    return pulse.isSilent();
  };
  await expect.poll(turnAndLook, { interval: 1 }).toBe(false);
});

test('silence does not count while no beat is expected', async () => {
  let looks = 0;
  const pulse = await setup(() => {
    looks += 1;
    return false;
  });
  await expect.poll(() => looks).toBeGreaterThan(10);
  expect(pulse.isSilent()).toBe(false);
});

test('a clock that is set by hours makes no standstill', async () => {
  const monotonic = performance.now.bind(performance);
  onTestFinished(() => void (performance.now = monotonic));
  const pulse = createPulse({ isExpected: () => true, everyMs: 5, maxSilentChecks: 1000 });
  await pulse.start();
  onTestFinished(() => pulse.stop());
  performance.now = () => monotonic() + 12 * 3_600_000;
  expect(pulse.isSilent()).toBe(false);
});
