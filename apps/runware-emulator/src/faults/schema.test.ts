import { expect, test } from 'vitest';
import { parseFaults } from './parse-faults.ts';
import { changedFaults, faultsSchema } from './schema.ts';

test('by default no fault has a rate', () => {
  const struck = Object.entries(parseFaults({})).filter(([name, value]) => name.endsWith('Rate') && value !== 0);
  expect(struck).toEqual([]);
});

test('the changed switches, parsed again, give the same switches', () => {
  const faults = parseFaults({ executionMs: [20, 60], uploadNeverRate: 0.5, cost: 'quoted' });
  expect(changedFaults(faults)).toEqual({ executionMs: [20, 60], uploadNeverRate: 0.5 });
  expect(parseFaults(changedFaults(faults))).toEqual(faults);
});

test('all wrong switches are reported at once', () => {
  expect(() => parseFaults({ uploadNeverRate: 2, executionMs: [5, 1], typo: 1 })).toThrow(
    /executionMs[^]*uploadNeverRate[^]*typo: there is no such switch/,
  );
});

test('every switch has a description', () => {
  for (const [name, schema] of Object.entries(faultsSchema.shape)) expect(schema.description, name).toMatch(/\S/);
});
