import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { createGenerationId } from '@darkroom/contracts';
import { connectPatient } from '@darkroom/generation-store';
import { z } from 'zod';
import type { Stack } from '../fleet/stack.ts';
import { linesOf, readWorkerLogs } from './worker-logs.ts';

/** Results of the reconciler on the damage at the begin of a run. */
export interface DamageFigures {
  planted: number;
  /** Number of planted damages that a pass named. */
  named: number;
  /** Log lines that named them. */
  lines: number;
  /** Passes that went through everything. */
  wholePasses: number;
}

interface Planted {
  /** Keys of the objects in S3, which the judge leaves out. */
  objects: string[];
  /** For each piece of damage, a text that each log line about it holds. */
  words: string[];
}

/**
 * Writes what no pass can read: records of an unknown version, records that are no JSON, objects under names that Darkroom does not write,
 * and a delivery of no submission. Nothing of it belongs to an order.
 * @param now Milliseconds since 1970.
 */
export async function plantDamage({ s3, redis: { url }, prefix }: Stack, now: number): Promise<Planted> {
  const day = new Date(now).toISOString().slice(0, 10);
  const newId = () => createGenerationId(now);
  const ids = [newId(), newId(), newId(), newId()] as const;
  const [damaged, unknown, ended, late] = ids;
  // As docs/architecture.md names the keys.
  const record = (id: string, kind: 'intent' | 'result'): string => `records/${day}/${id}/0-1.${kind}.json`;
  const objects: Record<string, string> = {
    [record(damaged, 'intent')]: '{"version":1}',
    [record(unknown, 'intent')]: '{"version":99}',
    [record(ended, 'intent')]: 'no JSON',
    [record(ended, 'result')]: '{"status":"succeeded"',
    [record(late, 'intent')]: '',
    [`records/late/${now}-${late}.json`]: 'no JSON',
    [`images/${day.replaceAll('-', '/')}/${damaged}/notes.txt`]: 'x',
    [`records/${day}/notes.txt`]: 'x',
    'staging/notes.txt': 'x',
  };
  const client = new S3Client({ endpoint: s3.endpoint, region: s3.region, credentials: s3.credentials, forcePathStyle: true });
  const redis = connectPatient(url);
  try {
    for (const [Key, Body] of Object.entries(objects)) await client.send(new PutObjectCommand({ Bucket: s3.bucket, Key, Body }));
    await redis.lpush(`${prefix}:deliveries-unclaimed`, 'no submission');
  } finally {
    client.destroy();
    redis.disconnect();
  }
  return {
    objects: Object.keys(objects),
    words: [...ids, ...Object.keys(objects).filter((key) => key.endsWith('notes.txt')), 'it names no submission'],
  };
}

const passSchema = z.object({ outcome: z.string() });

/** Reads from the logs of the workers what passes made of it. */
export async function readDamageFigures(directory: string, { words }: Pick<Planted, 'words'>): Promise<DamageFigures> {
  const logs = await readWorkerLogs(directory);
  const [named, passes] = [linesOf(logs, 'reconcile.named'), linesOf(logs, 'reconcile.pass')];
  return {
    planted: words.length,
    named: words.filter((word) => named.some((line) => line.includes(word))).length,
    lines: named.filter((line) => words.some((word) => line.includes(word))).length,
    wholePasses: passes.filter((line) => passSchema.parse(JSON.parse(line)).outcome === 'whole').length,
  };
}

/** A pass names each piece once, and again only where a kill or a Redis that went back made passes forget that they did. */
export function doubtsOfDamage({ planted, named, lines, wholePasses }: DamageFigures, setbacks: number): string[] {
  const most = planted * (1 + setbacks);
  return [
    ...(named < planted ? [`passes named ${named} of ${planted} damaged entries and objects`] : []),
    ...(lines > most ? [`passes named them in ${lines} lines, and may do so in ${most}`] : []),
    ...(wholePasses < 3 ? [`${wholePasses} passes went through everything beside them, and a proof needs 3`] : []),
  ];
}
