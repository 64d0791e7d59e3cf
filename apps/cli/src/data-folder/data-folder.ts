import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { LocalStackError } from '@darkroom/contracts';
import { endOrphan, lockFolder } from '@darkroom/local-stack';
import { endLeftOvers, openProcessRecord, type ProcessRecord } from './left-overs.ts';
import { claimForProvider } from './provider-of-folder.ts';
import { choosePorts, type Ports } from './listen-ports.ts';
import { loadSecrets, type Secrets } from './secrets.ts';

/** The data folder of a start, locked for this process. */
export interface DataFolder {
  readonly dir: string;
  readonly redis: string;
  readonly logs: string;
  readonly images: string;
  readonly ports: Ports;
  readonly secrets: Secrets;
  readonly processes: ProcessRecord;
  /** Number of apps that a killed start left running here, and that were ended. */
  readonly leftOvers: number;
  /** Lets the next start use the folder; may be called twice. */
  unlock(): void;
}

/**
 * Locks a data folder, which it creates if it is missing, and ends the processes that a killed start left running in it.
 * @param provider The address that images are bought from; undefined: the emulator.
 * @throws LocalStackError if another start uses the folder, it belongs to another provider, or it cannot be written.
 */
export async function openDataFolder(dir: string, provider?: string): Promise<DataFolder> {
  const redis = path.join(dir, 'redis');
  const logs = path.join(dir, 'logs');
  const images = path.join(dir, 'images');
  try {
    for (const folder of [redis, logs, images]) mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw new LocalStackError(`cannot use the data folder "${dir}": ${String(cause)}; choose one with --data-dir`, { cause });
  }
  const lock = lockFolder(dir);
  try {
    claimForProvider(dir, provider);
    const leftOvers = await endLeftOvers(dir);
    // Before ports are chosen: the Redis that was left holds the port that its clients know.
    await endOrphan(redis);
    const processes = openProcessRecord(dir);
    return {
      dir,
      redis,
      logs,
      images,
      ports: await choosePorts(dir),
      secrets: loadSecrets(dir),
      processes,
      leftOvers,
      unlock: () => lock.release(),
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}
