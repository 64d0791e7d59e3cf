import { defined } from '@darkroom/contracts';
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
  deriveProviderFaults({ ...settingsOf(seed), ...defined({ forget }) }, timingOf(1));
const all = seeds.map((seed) => behaviourOf(seed));

test.each<[string, unknown[]]>([
  ['rejectionConsumesId', [true, false]],
  ['referenceImageCharge', ['per-image', 'per-request', undefined]],
  ['cost', ['quoted', 'absent']],
  ['failedTasksCharged', [true, false, undefined]],
  ['webhookExtraFields', [true, false]],
  ['uploadChunkedRate', [0.1, 0]],
  ['uploadContentType', ['', 'application/octet-stream']],
  ['brokenBody', ['truncated', 'cut', 'cut-chunked', 'endless']],
  ['unknownParameters', ['refuse', 'ignore']],
  ['replay', ['conflict-for-good', 'conflict-while-running']],
  ['pollHidesRunning', [true, false]],
  ['detailsHideRunning', [true, false, undefined]],
  ['detailsRefusalHidesTask', [true, false, undefined]],
])('draws %s for the whole run', (name, values) => {
  expect(new Set(all.map(({ calm }) => calm[name]))).toEqual(new Set(values));
  for (const { calm, faulty } of all) expect(faulty[name]).toEqual(calm[name]);
});

test('draws the delay of answers, and the early answers of an address, for the whole run', () => {
  expect(new Set(all.map(({ calm }) => JSON.stringify(calm['pollLagMs'])))).toEqual(new Set(['[0,0]', '[0,1500]', undefined]));
  const many = Array.from({ length: 300 }, (_, seed) => behaviourOf(seed).faulty['imageUrlLateAnswer']);
  expect(new Set(many)).toEqual(new Set(imageUrlAnswers));
});

test('a provider that takes an id again after its task shows each task in getTaskDetails at any time', () => {
  const again = all.filter(({ calm }) => calm['replay'] === 'conflict-while-running');
  expect(again.length).toBeGreaterThan(10);
  for (const { faulty } of again)
    for (const name of ['detailsHideRunning', 'detailsRefusalHidesTask', 'pollLagMs']) expect(faulty, name).not.toHaveProperty(name);
});

test('a scenario states every switch that is otherwise drawn', () => {
  const stated = scenarios['forgotten-refusal']?.settings.switches;
  const drawn = Object.keys(behaviourOf(1).calm).filter((name) => !/Ms$|^detailsKeepRefusals$/.test(name) || name === 'pollLagMs');
  for (const name of drawn) expect(stated, name).toHaveProperty(name);
});

describe('bill and ledger can agree', () => {
  test('a provider that reports no cost charges the list price, and nothing for a failure', () => {
    for (const { calm } of all.filter((each) => each.calm['cost'] === 'absent')) {
      expect(calm['referenceImageCharge'] ?? 'per-image').toBe('per-image');
      expect(calm['failedTasksCharged'] ?? false).toBe(false);
    }
  });

  test('a provider that charges a failure reports its cost', () => {
    for (const { calm } of all) if (calm['failedTasksCharged'] === true) expect(calm['failedTasksTellCost']).toBe(true);
  });
});

test('if refusals use up ids, the provider answers every send with a verdict unless it accepted it', () => {
  for (const { faulty } of all.filter(({ calm }) => calm['rejectionConsumesId'] === true))
    expect(faulty).toMatchObject({ submitResetBeforeRate: 0, submit5xxAcceptedRate: 1 });
});

test('a given switch replaces the drawn one; a fault rate ends with the faults, all else stays', () => {
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

test('a provider that forgets at once has no other faults', () => {
  for (const seed of seeds) {
    const { calm, faulty } = behaviourOf(seed, 'inside-window');
    for (const name of ['cost', 'referenceImageCharge', 'failedTasksCharged', 'rejectionConsumesId', 'failProviderErrorRate'])
      expect(faulty, name).not.toHaveProperty(name);
    // Images could not come from their addresses.
    expect(calm).toMatchObject({ replay: 'conflict-for-a-while', uploadChunkedRate: 0 });
  }
});
