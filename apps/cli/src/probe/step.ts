import type { NanoUsd } from '@darkroom/contracts';
import type { ProbeAnswer, ProbeClient, ProbeEntry } from '@darkroom/runware-client';
import type { Budget } from './budget.ts';

/** What a step found, in words, and how sure that is. */
export interface Finding {
  text: string;
  /** "not seen" when the step could not find out. */
  sure: 'seen once' | 'not seen';
  /** A setting that follows from it. */
  setting?: { name: string; value: string; why: string };
}

/** One question to the provider. */
export interface Step {
  /** The numbers of the rows in docs/runware.md that it asks about. */
  questions: readonly number[];
  title: string;
  /** The most that it can cost. */
  worstNanoUsd: NanoUsd;
  run(probe: Probe): Promise<Finding[]>;
}

/** What steps work with. */
export interface Probe {
  client: ProbeClient;
  budget: Budget;
  createId: () => string;
  /** Waits; rejects when the probe is interrupted. */
  sleep(ms: number): Promise<void>;
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  /** What later steps need of earlier ones. */
  shared: { finished?: { taskUUID: string; endedAt: number; imageURL: string | undefined }; isDryRunDry?: boolean; isTooDear?: boolean };
}

/** The price of one image without reference images (model page, "Pricing"). */
export const IMAGE_NANO_USD: NanoUsd = 20_000_000;

export const PROMPT = 'a grey card on a grey table';

/** Whether the task was taken: no error that says otherwise, and no trouble on the way. */
export const isAccepted = (answer: ProbeAnswer): boolean =>
  answer.trouble === undefined && (answer.httpStatus ?? 500) < 300 && faultOf(answer) === undefined;

export const faultOf = ({ entries }: ProbeAnswer): ProbeEntry['fault'] => entries.find(({ fault }) => fault !== undefined)?.fault;

/** An answer in a few words. */
export function describeAnswer(answer: ProbeAnswer): string {
  const fault = faultOf(answer);
  const status = answer.httpStatus === undefined ? 'no answer' : `HTTP ${answer.httpStatus}`;
  return fault === undefined ? `${status}${answer.trouble === undefined ? '' : `, ${answer.trouble}`}` : `${status} ${fault.code}`;
}

const POLL_MS = 500;
const POLL_LIMIT_MS = 120_000;

/**
 * Polls until the task is over, and books what it cost beyond its price.
 * @param priceNanoUsd Booked for it already. @returns its last entry; undefined when it was not over in time.
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

/** An error of the question itself, such as too many of them, is not the end of a task. */
const isAboutTask = ({ fault }: ProbeEntry): boolean =>
  fault !== undefined && ['safety', 'provider', 'timeout', 'validation'].includes(fault.class);
