import type { Redis } from 'ioredis';
import { reportConnection, type ConnectionLog } from './report-connection.ts';
import { watchConnection, type ConnectionWatch } from './watch-connection.ts';

/** Watches the connection of a process, writes to its log when Redis is lost and regained, and answers its readiness. */
export function watchRedis(redis: Redis, { url, prefix, log }: { url: string; prefix: string; log: ConnectionLog }): ConnectionWatch {
  const report = reportConnection(url, log);
  const watch = watchConnection(redis, { prefix, look: 'write', onChange: report.note });
  return {
    ...watch,
    close() {
      report.close();
      watch.close();
    },
  };
}
