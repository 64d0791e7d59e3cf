import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { formatUsd } from '@darkroom/contracts';
import { createProbeClient, defaultImageHosts } from '@darkroom/runware-client';
import { isLoopbackUrl, readSettings, runwareSettings, type Environment } from '@darkroom/service-runtime';
import type { Command } from '../command-line.ts';
import type { Terminal } from '../terminal.ts';
import { createBudget } from './budget.ts';
import { startCatcher, type Catcher } from './catcher.ts';
import { catcherStep } from './catcher-step.ts';
import { dryRunStep, referenceImagesStep, sizesStep } from './dry-run-steps.ts';
import type { Finding, Probe, Step } from './step.ts';
import { failureStep, laterStep, lifeOfTaskStep, rejectionStep } from './task-steps.ts';

export interface ProbeOptions {
  command: Extract<Command, { kind: 'probe' }>;
  environment: Environment;
  terminal: Terminal;
  stop: AbortSignal;
}

const REQUEST_TIMEOUT_MS = 30_000;
const MAX_IMAGE_BYTES = 16 * 1024 * 1024;

/**
 * Asks the provider what its documentation does not say, for no more than `maxNanoUsd`: each step says its worst price before it
 * begins, and one that could cross the limit does not begin.
 * @returns 0 when every step was run; 1 when one was left out for its price, or interrupted.
 * @throws ConfigError without a key.
 */
export async function runProbe({ command, environment, terminal, stop }: ProbeOptions): Promise<0 | 1> {
  const { runware } = readSettings({ runware: runwareSettings }, environment);
  const isEmulator = isLoopbackUrl(runware.url);
  const imageHosts = isEmulator ? [...defaultImageHosts, new URL(runware.url).host] : defaultImageHosts;
  const config = { ...runware, requestTimeoutMs: REQUEST_TIMEOUT_MS, maxImageBytes: MAX_IMAGE_BYTES, imageHosts };
  const budget = createBudget(command.maxNanoUsd);
  const now = (): number => performance.now();
  const probe: Probe = {
    client: createProbeClient(config, { now: Date.now }, stop),
    budget,
    createId: randomUUID,
    sleep: (ms) => delay(ms, undefined, { signal: stop }),
    now,
    shared: {},
  };
  terminal.print(
    terminal.paint('bold', `Questions to ${runware.url}`),
    isEmulator
      ? 'This address is on this machine: an emulator, no real money.'
      : 'This is real money, of the account that the key belongs to.',
    `No more than ${formatUsd(command.maxNanoUsd)} USD is spent.`,
  );
  const catcher = command.catcherUrl === undefined ? undefined : await startCatcher(command.catcherPort, now);
  if (catcher !== undefined)
    terminal.print(`Webhooks and uploads are caught on port ${catcher.port}, which ${command.catcherUrl} must lead to.`);
  try {
    return await runSteps(stepsOf(command, catcher), probe, terminal, stop);
  } finally {
    await catcher?.close();
    terminal.print('', `Spent: ${formatUsd(budget.spentNanoUsd())} USD at most, by the prices of the model's page.`);
  }
}

const stepsOf = ({ waitMs, catcherUrl }: ProbeOptions['command'], catcher: Catcher | undefined): Step[] => [
  dryRunStep,
  referenceImagesStep,
  sizesStep,
  rejectionStep,
  lifeOfTaskStep,
  failureStep,
  ...(catcher === undefined || catcherUrl === undefined ? [] : [catcherStep(catcher, catcherUrl)]),
  ...(waitMs > 0 ? [laterStep(waitMs)] : []),
];

async function runSteps(steps: readonly Step[], probe: Probe, terminal: Terminal, stop: AbortSignal): Promise<0 | 1> {
  const findings: Finding[] = [];
  let isWhole = true;
  for (const step of steps) {
    terminal.print('', `${step.title} (question ${step.question}): at most ${formatUsd(step.worstNanoUsd)} USD`);
    if (!probe.budget.allows(step.worstNanoUsd)) {
      terminal.print(`  left out: only ${probe.budget.leftUsd()} USD are left of --max-usd`);
      isWhole = false;
      continue;
    }
    let found: Finding[];
    try {
      found = await step.run(probe);
    } catch (error) {
      if (!stop.aborted) throw error;
      terminal.print('  interrupted');
      isWhole = false;
      break;
    }
    for (const { text, sure } of found) terminal.print(`  ${text} (${sure})`);
    findings.push(...found);
  }
  terminal.print('', ...describeSettings(findings));
  return isWhole ? 0 : 1;
}

/** The settings that follow; the defaults stay where nothing speaks against them. */
function describeSettings(findings: readonly Finding[]): string[] {
  const settings = new Map(findings.flatMap(({ setting, sure }) => (setting === undefined ? [] : [[setting.name, { ...setting, sure }]])));
  if (settings.size === 0) return ['Nothing was found that asks for another setting than the defaults.'];
  const lines = [...settings.values()].map(({ name, value, why, sure }) => `  ${name}=${value}  (${why}; ${sure})`);
  return ['Settings that follow; all others keep their defaults:', ...lines];
}
