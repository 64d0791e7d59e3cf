import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dashboardSchemas } from '../apps/dashboard/src/config.ts';
import { receiverSchemas } from '../apps/webhook-receiver/src/config.ts';
import { workerSchemas } from '../apps/worker/src/config.ts';
import { defaultTiming } from '../packages/contracts/src/index.ts';
import { describeSettings, knownSettings, timingVariable, type VariableDescription } from '../packages/service-runtime/src/index.ts';

const processes = { worker: workerSchemas, receiver: receiverSchemas, dashboard: dashboardSchemas };

/** The schema leaves these out: which default holds depends on whether a webhook is asked for. */
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
  test.each(Object.entries(processes))('names what a %s reads, with default and range', (process, schemas) => {
    const documented = rows.filter(({ readBy }) => readBy.includes(process));
    const read = describeSettings(schemas).map((variable) => ({
      name: variable.name,
      fallback: defaultCell(variable),
      allowed: variable.allowed,
    }));
    expect(documented.map(({ name, fallback, allowed }) => ({ name, fallback, allowed })).toSorted(byName)).toEqual(read.toSorted(byName));
  });

  test('says what each means, and of no process that there is not', () => {
    for (const { name, meaning, readBy } of rows) {
      expect(meaning.length, name).toBeGreaterThan(5);
      for (const process of readBy) expect(Object.keys(processes), name).toContain(process);
    }
  });
});

test('each process knows the settings of all, so that a slip of the pen in one of them is noticed anywhere', () => {
  const read = Object.values(processes).flatMap((schemas) => describeSettings(schemas).map(({ name }) => name));
  expect([...knownSettings].toSorted()).toEqual([...new Set(read)].toSorted());
});

const byName = (one: { name: string }, other: { name: string }): number => one.name.localeCompare(other.name);
