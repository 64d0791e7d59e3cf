import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleApps, type Breakage } from '../src/built-apps/bundle-apps.ts';
import { runCrashPoints } from '../src/crash-points/crash-run.ts';
import { brokenRules, type BrokenRule } from './broken-rules.ts';

// Crash points that passed for every product would be worth nothing. Each test here breaks one of four rules in a copy of the worker,
// and the points of that rule must find it; on the sound worker the same points find nothing.

const LIMIT_MS = 1_800_000;

async function strike({ scenario, points }: BrokenRule, folder: string): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-broken-'));
  const { struck, findings } = await runCrashPoints(scenario, { directory, folder }, { only: points, enoughFailures: 1 });
  expect(struck, 'points that were struck').toBeGreaterThan(0);
  console.info(`${scenario.name}: ${struck} points\n${findings.map((line) => `  ${line}`).join('\n')}`);
  await rm(directory, { recursive: true });
  return findings;
}

async function bundle(breakages: Breakage[] = []): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-apps-'));
  await bundleApps(folder, breakages);
  return folder;
}

describe('the sound worker passes', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await bundle();
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each(brokenRules)('the points about $rule', { timeout: LIMIT_MS }, async (rule) => {
    expect(await strike(rule, folder)).toEqual([]);
  });
});

describe('the crash points find a worker without one of its rules', () => {
  test.each(brokenRules)('$rule', { timeout: LIMIT_MS }, async (rule) => {
    const folder = await bundle(rule.breakages);
    const findings = await strike(rule, folder);
    expect(findings).toEqual(expect.arrayContaining([expect.stringMatching(rule.found)]));
    await rm(folder, { recursive: true });
  });
});
