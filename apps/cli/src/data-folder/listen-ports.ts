import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '@darkroom/local-stack';
import { z } from 'zod';

const names = ['redis', 's3', 'emulator', 'receiver', 'worker', 'dashboard', 'eraser', 'api', 'notifier'] as const;

/** Loopback port of each process of a start. */
export type Ports = Record<(typeof names)[number], number>;

const portsSchema = z.partialRecord(z.enum(names), z.int().min(1).max(65_535));

/**
 * Chooses a free port for each process, and keeps the port of the last start where it is still free: upload URLs, webhook URLs and open
 * browser pages from before a restart lead there.
 */
export async function choosePorts(dir: string): Promise<Ports> {
  const file = path.join(dir, 'ports.json');
  const earlier = readEarlier(file);
  const ports: Ports = { redis: 0, s3: 0, emulator: 0, receiver: 0, worker: 0, dashboard: 0, eraser: 0, api: 0, notifier: 0 };
  for (const name of names) {
    const kept = earlier[name];
    // A file that was changed by hand may name one port twice.
    ports[name] = await freePort(kept !== undefined && Object.values(ports).includes(kept) ? undefined : kept);
  }
  writeFileSync(file, `${JSON.stringify(ports)}\n`);
  return ports;
}

function readEarlier(file: string): Partial<Ports> {
  try {
    return portsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {}; // a first start, or a file that was changed by hand: any free port will do
  }
}
