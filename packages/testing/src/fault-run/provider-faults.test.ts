import { describe, expect, test } from 'vitest';
import { deriveProviderFaults, imageUrlAnswers } from './provider-faults.ts';
import { scenarios } from './scenarios.ts';
import { usualFaults, type FaultRunSettings, type ForgetMode } from './settings.ts';
import { timingOf } from './timing.ts';

const seeds = Array.from({ length: 60 }, (_, seed) => seed);
const settingsOf = (seed: number): FaultRunSettings => ({
  seed,
  generations: 400,
  workers: 2,
  receivers: 2,
  ordersPerSecond: 20,
  scale: 1,
  ...usualFaults(400),
});
const behaviourOf = (seed: number, forget?: ForgetMode) =>
  deriveProviderFaults({ ...settingsOf(seed), ...(forget === undefined ? {} : { forget }) }, timingOf(1));
const all = seeds.map((seed) => behaviourOf(seed));

test.each<[string, unknown[]]>([
  ['rejectionConsumesId', [true, false]],
  ['referenceImageCharge', ['per-image', 'per-request', undefined]],
  ['cost', ['quoted', 'absent']],
  ['failedTasksCharged', [true, false, undefined]],
  ['webhookExtraFields', [true, false]],
  ['uploadChunkedRate', [0.1, 0]],
  ['uploadContentType', ['', 'application/octet-stream']],
  ['unknownParameters', ['refuse', 'ignore']],
  ['replay', ['conflict-for-good', 'conflict-while-running']],
  ['pollHidesRunning', [true, false]],
  ['detailsHideRunning', [true, false, undefined]],
  ['detailsRefusalHidesTask', [true, false, undefined]],
])('%s is drawn for the whole run', (name, values) => {
  expect(new Set(all.map(({ calm }) => calm[name]))).toEqual(new Set(values));
  for (const { calm, faulty } of all) expect(faulty[name]).toEqual(calm[name]);
});

test('the lag of answers and what an address answers before it has the image are drawn for the whole run', () => {
  expect(new Set(all.map(({ calm }) => JSON.stringify(calm['pollLagMs'])))).toEqual(new Set(['[0,0]', '[0,1500]', undefined]));
  const many = Array.from({ length: 300 }, (_, seed) => behaviourOf(seed).faulty['imageUrlLateAnswer']);
  expect(new Set(many)).toEqual(new Set(imageUrlAnswers));
});

test('a provider that takes an id again when its task is over tells of each task in getTaskDetails, at any time', () => {
  const again = all.filter(({ calm }) => calm['replay'] === 'conflict-while-running');
  expect(again.length).toBeGreaterThan(10);
  for (const { faulty } of again)
    for (const name of ['detailsHideRunning', 'detailsRefusalHidesTask', 'pollLagMs']) expect(faulty, name).not.toHaveProperty(name);
});

test('a scenario states each switch that is drawn', () => {
  const stated = scenarios['forgotten-refusal']?.settings.switches;
  const drawn = Object.keys(behaviourOf(1).calm).filter((name) => !/Ms$|^detailsKeepRefusals$/.test(name) || name === 'pollLagMs');
  for (const name of drawn) expect(stated, name).toHaveProperty(name);
});

describe('the bill can be the ledger', () => {
  test('where no cost is told the price list is charged, and no failure', () => {
    for (const { calm } of all.filter((each) => each.calm['cost'] === 'absent')) {
      expect(calm['referenceImageCharge'] ?? 'per-image').toBe('per-image');
      expect(calm['failedTasksCharged'] ?? false).toBe(false);
    }
  });

  test('a failure that is charged is told', () => {
    for (const { calm } of all) if (calm['failedTasksCharged'] === true) expect(calm['failedTasksTellCost']).toBe(true);
  });
});

test('where refusals use up ids the provider itself leaves no send without a verdict that it has not accepted', () => {
  for (const { faulty } of all.filter(({ calm }) => calm['rejectionConsumesId'] === true))
    expect(faulty).toMatchObject({ submitResetBeforeRate: 0, submit5xxAcceptedRate: 1 });
});

test('a switch that is given stands in place of the drawn one; a rate of the time of faults ends with it, all else stays', () => {
  const { calm, faulty } = deriveProviderFaults(
    { ...settingsOf(3), switches: { rejectionConsumesId: true, submit429Rate: 0.4, uploadChunkedRate: 1, executionMs: [1500, 1500] } },
    timingOf(1),
  );
  expect(faulty).toMatchObject({ rejectionConsumesId: true, submit429Rate: 0.4, uploadChunkedRate: 1, submitResetBeforeRate: 0 });
  expect(calm).toMatchObject({ rejectionConsumesId: true, uploadChunkedRate: 1, executionMs: [1500, 1500] });
  expect(calm).not.toHaveProperty('submit429Rate');
  const { submit429Rate: _, ...others } = behaviourOf(3).faulty;
  expect(deriveProviderFaults({ ...settingsOf(3), switches: { submit429Rate: 0.4 } }, timingOf(1)).faulty).toMatchObject(others);
});

test('a provider that forgets at once is asked for nothing but how often it bills', () => {
  for (const seed of seeds) {
    const { calm, faulty } = behaviourOf(seed, 'inside-window');
    for (const name of ['cost', 'referenceImageCharge', 'failedTasksCharged', 'rejectionConsumesId', 'failProviderErrorRate'])
      expect(faulty, name).not.toHaveProperty(name);
    // no image could come from its address
    expect(calm).toMatchObject({ replay: 'conflict-for-a-while', uploadChunkedRate: 0 });
  }
});
