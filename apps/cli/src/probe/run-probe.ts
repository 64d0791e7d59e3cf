import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { formatUsd, type NanoUsd } from '@darkroom/contracts';
import { createProbeClient, createRecorder, defaultImageHosts, type Recorder } from '@darkroom/runware-client';
import { isLoopbackUrl, readSettings, runwareSettings, type Environment } from '@darkroom/service-runtime';
import { readVersion } from '../commands/read-version.ts';
import type { Terminal } from '../terminal.ts';
import { createBudget } from './budget.ts';
import { startCatcher, type Catcher } from './catcher.ts';
import { catcherStep } from './catcher-step.ts';
import { dryRunStep, referenceImagesStep, sizesStep } from './dry-run-steps.ts';
import { IMAGE_NANO_USD, isAccepted, isOpen, type Observation, type Probe, type Step } from './step.ts';
import { failureStep, IMAGE_WITH_REFERENCE_NANO_USD, laterStep, lifeOfTaskStep, rejectionStep } from './task-steps.ts';
import { openTranscriptFile } from './transcript-file.ts';

interface ProbeCommand {
  readonly maxNanoUsd: NanoUsd;
  readonly waitMs: number;
  readonly catcherUrl: string | undefined;
  readonly catcherPort: number;
  readonly out: string | undefined;
}

export interface ProbeOptions {
  command: ProbeCommand;
  environment: Environment;
  terminal: Terminal;
  stop: AbortSignal;
}

const REQUEST_TIMEOUT_MS = 30_000;
const MAX_IMAGE_BYTES = 16 * 1024 * 1024;

/**
 * Asks the provider what its documentation does not say, for no more than `maxNanoUsd`: each step has a worst price, and a step that
 * could cross the limit does not begin. The transcript holds each request and answer before the next request is sent.
 * @returns 0 if every step ran; 1 if one was left out for its price, or because the key is refused, or after an interruption.
 * @throws ConfigError without a key, or if the transcript cannot be written.
 */
export async function runProbe({ command, environment, terminal, stop }: ProbeOptions): Promise<0 | 1> {
  const { runware } = readSettings({ runware: runwareSettings }, environment);
  const isEmulator = isLoopbackUrl(runware.url);
  const imageHosts = isEmulator ? [...defaultImageHosts, new URL(runware.url).host] : defaultImageHosts;
  const config = { ...runware, requestTimeoutMs: REQUEST_TIMEOUT_MS, maxImageBytes: MAX_IMAGE_BYTES, imageHosts };
  const file = openTranscriptFile(command.out, new Date());
  const recorder = createRecorder({ ...runware, darkroom: readVersion() }, { now: Date.now, onChange: file.write });
  const budget = createBudget(command.maxNanoUsd);
  const now = (): number => performance.now();
  const client = createProbeClient(config, { now: Date.now, recorder }, stop);
  const probe: Probe = {
    client: {
      ...client,
      async buy(order) {
        stop.throwIfAborted(); // it would not leave, and would be booked
        const answer = await client.buy(order);
        const price = order.referenceImages === undefined ? IMAGE_NANO_USD : IMAGE_WITH_REFERENCE_NANO_USD;
        // The first dry run may be a purchase.
        const mayBuy = order.dry !== true || probe.shared.isDryRunDry === undefined;
        if (mayBuy && (isOpen(answer) || (order.dry === true && isAccepted(answer)))) budget.spend(price);
        return answer;
      },
    },
    budget,
    createId: randomUUID,
    sleep: (ms) => delay(ms, undefined, { signal: stop }),
    now,
    shared: {},
  };
  terminal.print(
    terminal.paint('bold', `Questions to ${runware.url}`),
    isEmulator ? 'This address is on this machine: an emulator, no real money.' : 'This is real money, charged to the account of the key.',
  );
  let catcher: Catcher | undefined;
  try {
    catcher = command.catcherUrl === undefined ? undefined : await startCatcher(command.catcherPort, now, recorder);
    if (catcher !== undefined)
      terminal.print(`Webhooks and uploads are caught on port ${catcher.port}, which ${command.catcherUrl} must lead to.`);
    const steps = stepsOf(command, catcher);
    const worstNanoUsd = steps.reduce((sum, step) => sum + step.worstNanoUsd, 0);
    terminal.print(
      `No more than ${formatUsd(command.maxNanoUsd)} USD is spent (--max-usd); all ${steps.length} steps cost ${formatUsd(worstNanoUsd)} USD at worst.`,
      `Every request and answer goes to ${file.name}`,
    );
    return await runSteps(steps, { probe, recorder, terminal, stop });
  } finally {
    await catcher?.close();
    terminal.print('', `Spent: ${formatUsd(budget.spentNanoUsd())} USD at most, by the prices of the model's page.`);
    terminal.print('Every request and answer, without secrets, prompts and images, is in', file.name);
    if (!isEmulator) terminal.print(`To replay it in the tests: cp ${file.name} packages/runware-client/fixtures/`);
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

interface Run {
  probe: Probe;
  recorder: Recorder;
  terminal: Terminal;
  stop: AbortSignal;
}

async function runSteps(steps: readonly Step[], { probe, recorder, terminal, stop }: Run): Promise<0 | 1> {
  const observations: Observation[] = [];
  let isWhole = true;
  for (const step of steps) {
    terminal.print(
      '',
      `${step.title} (question${step.questions.length === 1 ? '' : 's'} ${step.questions.join(', ')}): at most ${formatUsd(step.worstNanoUsd)} USD`,
    );
    if (!probe.budget.allows(step.worstNanoUsd)) {
      terminal.print(`  left out: only ${probe.budget.leftUsd()} USD are left of --max-usd`);
      isWhole = false;
      continue;
    }
    recorder.beginStep(step.questions, step.title);
    let found: Observation[];
    try {
      found = await step.run(probe);
      // A request that the interruption cut off looks like one without an answer: nothing follows from it.
      stop.throwIfAborted();
    } catch (error) {
      if (!stop.aborted) throw error;
      terminal.print('  interrupted');
      isWhole = false;
      break;
    }
    for (const { text, sure } of found) terminal.print(`  ${text} (${sure})`);
    observations.push(...found);
    if (probe.shared.isTooDear === true || probe.shared.isKeyRefused === true) {
      isWhole = false;
      break;
    }
  }
  if (isWhole) recorder.end();
  terminal.print('', ...describeSettings(observations));
  return isWhole ? 0 : 1;
}

/** Describes the settings that follow from the observations; all others keep their defaults. */
function describeSettings(observations: readonly Observation[]): string[] {
  const settings = new Map(
    observations.flatMap(({ setting, sure }) => (setting === undefined ? [] : [[setting.name, { ...setting, sure }]])),
  );
  if (settings.size === 0) return ['No observation asks for a setting other than the default.'];
  const lines = [...settings.values()].map(({ name, value, why, sure }) => `  ${name}=${value}  (${why}; ${sure})`);
  return ['Settings that follow; all others keep their defaults:', ...lines];
}
