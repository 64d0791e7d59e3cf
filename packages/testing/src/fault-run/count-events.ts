import { readWorkerLogs } from './worker-logs.ts';

/** Log events of a worker whose code only a fault can reach. */
const rare = [
  'submission.resend-window-closed',
  'submission.intent-adopted',
  'submission.remembered-by-s3',
  'submission.late-image',
  'submission.horizon-passed',
  'submission.blocked',
  'buying.held',
  'image.invalid',
] as const;

/** Counts these events in all logs of a run, which shows what the run tested. */
export async function countEvents(directory: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = Object.fromEntries(rare.map((event) => [event, 0]));
  for (const text of await readWorkerLogs(directory)) {
    for (const event of rare) counts[event] = (counts[event] ?? 0) + text.split(`"event":"${event}"`).length - 1;
  }
  return counts;
}
