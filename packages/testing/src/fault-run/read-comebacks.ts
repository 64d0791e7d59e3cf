import { z } from 'zod';
import { linesOf, readWorkerLogs } from './worker-logs.ts';

/** Recoveries of Redis in a run. */
export interface Comebacks {
  /** Number of comparisons with S3 that resumed buying. */
  count: number;
  /** Age of the oldest checkpoint among them; 0 without any. */
  oldestCheckpointMs: number;
  /** Duration of the longest comparison. */
  longestMs: number;
  /** Number of restored generations in all comparisons. */
  restored: number;
}

const eventSchema = z.object({ checkpointAgeMs: z.number().optional(), ms: z.number(), restored: z.number() });

/** Reads the recoveries of Redis from the logs of the workers. */
export async function readComebacks(directory: string): Promise<Comebacks> {
  const events = linesOf(await readWorkerLogs(directory), 'buying.goes-on').map((line) => eventSchema.parse(JSON.parse(line)));
  return {
    count: events.length,
    oldestCheckpointMs: Math.max(0, ...events.map(({ checkpointAgeMs = 0 }) => checkpointAgeMs)),
    longestMs: Math.max(0, ...events.map(({ ms }) => ms)),
    restored: events.reduce((sum, { restored }) => sum + restored, 0),
  };
}
