import type { Redis } from 'ioredis';
import type { RedisProcess } from '../rights/redis-rights.ts';
import { reportConnection, type ConnectionLog } from './report-connection.ts';
import { watchConnection, type ConnectionWatch } from './watch-connection.ts';

export interface WatchRedisOptions {
  url: string;
  prefix: string;
  /** Process with the rights that the user needs. */
  process: RedisProcess;
  log: ConnectionLog;
}

/** Watches the connection of a process, writes to its log when Redis is lost and regained, and answers its readiness. */
export function watchRedis(redis: Redis, { url, prefix, process, log }: WatchRedisOptions): ConnectionWatch {
  const report = reportConnection(url, log);
  const watch = watchConnection(redis, { prefix, look: 'write', process, onChange: report.note });
  return {
    ...watch,
    close() {
      report.close();
      watch.close();
    },
  };
}
