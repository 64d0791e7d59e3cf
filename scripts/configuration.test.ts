import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { apiSchemas } from '../apps/api/src/config.ts';
import { dashboardSchemas } from '../apps/dashboard/src/config.ts';
import { eraserSchemas } from '../apps/eraser/src/config.ts';
import { notifierSchemas } from '../apps/notifier/src/config.ts';
import { receiverSchemas } from '../apps/webhook-receiver/src/config.ts';
import { workerSchemas } from '../apps/worker/src/config.ts';
import { defaultTiming, timingVariable } from '../packages/contracts/src/index.ts';
import { describeSettings, knownSettings, type VariableDescription } from '../packages/service-runtime/src/index.ts';

const processes = {
  worker: workerSchemas,
  receiver: receiverSchemas,
  dashboard: dashboardSchemas,
  eraser: eraserSchemas,
  api: apiSchemas,
  notifier: notifierSchemas,
};

/** The schema has no defaults for these, because they depend on whether a webhook is set. */
const timingDefaults = new Map(
  // the keys are the type
  (Object.keys(defaultTiming) as (keyof typeof defaultTiming)[]).map((key) => [timingVariable(key), String(defaultTiming[key])]),
);

const defaultCell = ({ name, isRequired, ...variable }: VariableDescription): string => {
  if (isRequired) return 'required';
  const fallback = variable.default ?? timingDefaults.get(name);
  return fallback === undefined ? '-' : `\`${fallback}\``;
};

const rows = [...readFileSync('docs/configuration.md', 'utf8').matchAll(/^\| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$/gm)].map(
  ([, name = '', readBy = '', fallback = '', allowed = '', meaning = '']) => ({
    name,
    readBy: readBy.split(', '),
    fallback,
    allowed,
    meaning,
  }),
);

describe('docs/configuration.md', () => {
  test.each(Object.entries(processes))('names the settings of a %s, with default and range', (process, schemas) => {
    const documented = rows.filter(({ readBy }) => readBy.includes(process));
    const read = describeSettings(schemas).map((variable) => ({
      name: variable.name,
      fallback: defaultCell(variable),
      allowed: variable.allowed,
    }));
    expect(documented.map(({ name, fallback, allowed }) => ({ name, fallback, allowed })).toSorted(byName)).toEqual(read.toSorted(byName));
  });

  test('explains each setting, and names only existing processes', () => {
    for (const { name, meaning, readBy } of rows) {
      expect(meaning.length, name).toBeGreaterThan(5);
      for (const process of readBy) expect(Object.keys(processes), name).toContain(process);
    }
  });
});

test('each process knows the settings of all processes, so that it notices a misspelled one', () => {
  const read = Object.values(processes).flatMap((schemas) => describeSettings(schemas).map(({ name }) => name));
  const ofCommandLine = ['DARKROOM_URL', 'DARKROOM_KEY']; // docs/command-line.md
  expect([...knownSettings].toSorted()).toEqual([...new Set([...read, ...ofCommandLine])].toSorted());
});

const byName = (one: { name: string }, other: { name: string }): number => one.name.localeCompare(other.name);
