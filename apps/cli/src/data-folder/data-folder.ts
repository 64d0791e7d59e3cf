import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { LocalStackError } from '@darkroom/contracts';
import { endOrphan, lockFolder } from '@darkroom/local-stack';
import { endLeftOvers, openProcessRecord, type ProcessRecord } from './left-overs.ts';
import { claimForProvider } from './provider-of-folder.ts';
import { choosePorts, type Ports } from './ports.ts';
import { loadSecrets, type Secrets } from './secrets.ts';

/** The folder that a start keeps everything in, taken for this process alone. */
export interface DataFolder {
  readonly dir: string;
  readonly redis: string;
  readonly logs: string;
  readonly images: string;
  readonly ports: Ports;
  readonly secrets: Secrets;
  readonly processes: ProcessRecord;
  /** How many apps of a killed start were found and ended. */
  readonly leftOvers: number;
  /** Lets the next start have it; may be called twice. */
  release(): void;
}

/**
 * Takes a data folder, made when missing, and ends what a killed start left running in it.
 * @param provider The address that images are bought from; absent: the emulator.
 * @throws LocalStackError when another start uses it, it was begun with another provider, or it cannot be written.
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
    // Before ports are chosen: it holds the one that its clients know.
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
      release: () => lock.release(),
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}
