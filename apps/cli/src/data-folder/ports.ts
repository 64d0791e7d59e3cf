import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '@darkroom/local-stack';
import { z } from 'zod';

const names = ['redis', 's3', 'emulator', 'receiver', 'worker', 'dashboard'] as const;

/** Where each part of a start listens on loopback. */
export type Ports = Record<(typeof names)[number], number>;

const portsSchema = z.partialRecord(z.enum(names), z.int().min(1).max(65_535));

/**
 * Chooses a free port for each part: the one of the last start where it can be had, because upload URLs and webhooks that were
 * given out before a restart lead there, and so do a person's open pages.
 */
export async function choosePorts(dir: string): Promise<Ports> {
  const file = path.join(dir, 'ports.json');
  const earlier = readEarlier(file);
  const ports: Ports = { redis: 0, s3: 0, emulator: 0, receiver: 0, worker: 0, dashboard: 0 };
  for (const name of names) {
    let port = await freePort(earlier[name]);
    // A free port may be given twice as long as nothing listens there.
    while (Object.values(ports).includes(port)) port = await freePort();
    ports[name] = port;
  }
  writeFileSync(file, `${JSON.stringify(ports)}\n`);
  return ports;
}

function readEarlier(file: string): Partial<Ports> {
  try {
    return portsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {}; // a first start, or a file that a person changed: any free port will do
  }
}
