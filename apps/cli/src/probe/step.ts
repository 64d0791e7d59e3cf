import type { NanoUsd } from '@darkroom/contracts';
import type { ProbeAnswer, ProbeClient, ProbeEntry } from '@darkroom/runware-client';
import type { Budget } from './budget.ts';

/** One observation of a step in words, and how sure it is. */
export interface Observation {
  text: string;
  /** "not seen" if the step could not observe it. */
  sure: 'seen once' | 'not seen';
  /** A setting that follows from it. */
  setting?: { name: string; value: string; why: string };
}

/** One step of the probe, which asks the provider one or more questions. */
export interface Step {
  /** Numbers of the rows in docs/runware.md that the step asks about. */
  questions: readonly number[];
  title: string;
  /** Highest cost of the step. */
  worstNanoUsd: NanoUsd;
  run(probe: Probe): Promise<Observation[]>;
}

/** Dependencies and shared state of the steps. */
export interface Probe {
  client: ProbeClient;
  budget: Budget;
  createId: () => string;
  /** Waits; rejects when the probe is interrupted. */
  sleep(ms: number): Promise<void>;
  /** Reads a monotonic clock, in milliseconds. */
  now(): number;
  /** Results of earlier steps that later ones need. */
  shared: {
    finished?: { taskUUID: string; endedAt: number; imageURL: string | undefined };
    isDryRunDry?: boolean;
    isTooDear?: boolean;
    isKeyRefused?: boolean;
  };
}

/** The price of one image without reference images (model page, "Pricing"). */
export const IMAGE_NANO_USD: NanoUsd = 20_000_000;

export const PROMPT = 'a grey card on a grey table';

/** Returns true if the provider accepted the task: the answer arrived and names no error. */
export const isAccepted = (answer: ProbeAnswer): boolean =>
  answer.trouble === undefined && (answer.httpStatus ?? 500) < 300 && faultOf(answer) === undefined;

/** Returns true if the provider may have taken a task although no answer says so: it is booked, too. */
export const isOpen = (answer: ProbeAnswer): boolean =>
  !isAccepted(answer) && (faultOf(answer) === undefined || (answer.httpStatus ?? 500) >= 500);

/** Returns how sure a conclusion from an answer is: a send or a question without one shows nothing. */
export const sureOf = (answer: ProbeAnswer): Observation['sure'] => (isOpen(answer) ? 'not seen' : 'seen once');

export const faultOf = ({ entries }: ProbeAnswer): ProbeEntry['fault'] => entries.find(({ fault }) => fault !== undefined)?.fault;

/** Describes an answer in a few words. */
export function describeAnswer(answer: ProbeAnswer): string {
  const fault = faultOf(answer);
  const status = answer.httpStatus === undefined ? 'no answer' : `HTTP ${answer.httpStatus}`;
  return fault === undefined ? `${status}${answer.trouble === undefined ? '' : `, ${answer.trouble}`}` : `${status} ${fault.code}`;
}

const POLL_MS = 500;
const POLL_LIMIT_MS = 120_000;

/**
 * Polls until the task has ended, and books what it cost beyond its price.
 * @param priceNanoUsd Already booked for the task. @returns its last entry; undefined if it did not end in time.
 */
export async function pollUntilOver(
  { client, budget, sleep, now }: Probe,
  taskUUID: string,
  priceNanoUsd = IMAGE_NANO_USD,
): Promise<ProbeEntry | undefined> {
  const endsAt = now() + POLL_LIMIT_MS;
  while (now() < endsAt) {
    const { entries } = await client.poll([taskUUID]);
    const over = entries.find((entry) => entry.hasImage || (entry.fault !== undefined && isAboutTask(entry)));
    if (over !== undefined) {
      budget.spend(Math.max(0, (over.costNanoUsd ?? 0) - priceNanoUsd));
      return over;
    }
    await sleep(POLL_MS);
  }
  return undefined;
}

/** Returns true if the error is about the task. An error about the question, such as too many of them, does not end the task. */
const isAboutTask = ({ fault }: ProbeEntry): boolean =>
  fault !== undefined && ['safety', 'provider', 'timeout', 'validation'].includes(fault.class);
