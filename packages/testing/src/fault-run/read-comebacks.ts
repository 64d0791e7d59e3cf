import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

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
  const names = (await readdir(directory)).filter((name) => name.startsWith('worker-') && name.endsWith('.log'));
  const logs = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
  const events = logs
    .flatMap((log) => log.split('\n').filter((line) => line.includes('"event":"buying.goes-on"')))
    .map((line) => eventSchema.parse(JSON.parse(line)));
  return {
    count: events.length,
    oldestCheckpointMs: Math.max(0, ...events.map(({ checkpointAgeMs = 0 }) => checkpointAgeMs)),
    longestMs: Math.max(0, ...events.map(({ ms }) => ms)),
    restored: events.reduce((sum, { restored }) => sum + restored, 0),
  };
}
