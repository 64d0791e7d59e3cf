import type { Redis } from 'ioredis';
import type { RedisProcess } from '../rights/redis-rights.ts';
import { reportConnection, type ConnectionLog } from './report-connection.ts';
import { watchConnection, type ConnectionState, type ConnectionWatch } from './watch-connection.ts';

export interface WatchRedisOptions {
  url: string;
  prefix: string;
  /** Process with the rights that the user needs. */
  process: RedisProcess;
  log: ConnectionLog;
  /** Called on each change: lost, another cause, usable. */
  onChange?: () => void;
}

/** Returns true if the connection is not used because the store has a format of a later version. */
export const hasNewerFormat = (state: ConnectionState): boolean => state.kind === 'lost' && state.trouble.reason === 'newer-format';

/** Watches the connection of a process, writes to its log when Redis is lost and regained, and answers its readiness. */
export function watchRedis(redis: Redis, { url, prefix, process, log, onChange }: WatchRedisOptions): ConnectionWatch {
  const report = reportConnection(url, log);
  const watch = watchConnection(redis, {
    prefix,
    look: 'write',
    process,
    onChange: (state) => {
      report.note(state);
      onChange?.();
    },
  });
  return {
    ...watch,
    close() {
      report.close();
      watch.close();
    },
  };
}
