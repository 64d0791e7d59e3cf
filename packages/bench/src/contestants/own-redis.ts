import { join } from 'node:path';
import { startRedis, type AppendFsync } from '@darkroom/local-stack';
import { placeOf, type Ground } from './contestant.ts';
import { repositoryRoot } from '../repository-root.ts';

export interface BenchRedis {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts a Redis for one contestant alone. @param appendfsync `always` is what the production guide asks for. @throws if this machine has none that runs as a process of its own */
export async function startOwnRedis(
  { directory, environment, noteVersion }: Ground,
  name: string,
  appendfsync: AppendFsync = 'everysec',
): Promise<BenchRedis> {
  const { url, pid, detail, stop } = await startRedis({
    dir: join(directory, placeOf(name), 'redis'),
    cacheDir: join(repositoryRoot, '.local'),
    environment,
    appendfsync,
  });
  if (pid === undefined) throw new Error('the bench needs a Redis that runs as a process of its own: install redis or valkey');
  noteVersion('redis', detail);
  return { url, pid, stop };
}
