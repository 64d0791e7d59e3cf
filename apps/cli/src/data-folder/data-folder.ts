import path from 'node:path';
import { LocalStackError } from '@darkroom/contracts';
import { takeFolder, type OwnFolder } from '@darkroom/local-stack';
import { makeFolders } from '@darkroom/service-runtime';
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
  /** Belongs to this process; the programs that run in it are noted there. Released, the next start may use it. */
  readonly owned: OwnFolder;
  /** Number of apps that a killed start left running here, and that were ended. */
  readonly leftOvers: number;
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
    for (const folder of [redis, logs, images]) makeFolders(folder);
  } catch (cause) {
    throw new LocalStackError(`cannot use the data folder "${dir}": ${String(cause)}; choose one with --data-dir`, { cause });
  }
  const owned = takeFolder(dir);
  try {
    claimForProvider(dir, provider);
    const leftOvers = await owned.endLeftOvers();
    // Before ports are chosen: the Redis that was left holds the port that its clients know.
    const ofRedis = takeFolder(redis);
    await ofRedis.endLeftOvers();
    ofRedis.release();
    return {
      dir,
      redis,
      logs,
      images,
      ports: await choosePorts(dir),
      secrets: loadSecrets(dir),
      owned,
      leftOvers,
    };
  } catch (error) {
    owned.release();
    throw error;
  }
}
