import type { Redis } from 'ioredis';

/** Load of a Redis during an action. */
export interface RedisUse {
  seconds: number;
  /** Includes the commands of scripts. */
  commandsPerSecond: number;
  scriptsPerSecond: number;
  /** Processor time, as a share of one core. */
  cpuPercent: number;
}

/** Measures a Redis that only the test uses, and prints the figures as a table. */
export interface RedisMeter {
  measure(what: string, act: () => Promise<unknown>): Promise<RedisUse>;
  /** Adds figures of the caller's own. */
  add(what: string, figures: Readonly<Record<string, number>>): void;
  print(): void;
}

export function createRedisMeter(redis: Redis): RedisMeter {
  const rows: { what: string; figures: Readonly<Record<string, number>> }[] = [];
  return {
    async measure(what, act) {
      const before = await readCounters(redis);
      const startedAt = performance.now();
      await act();
      const seconds = (performance.now() - startedAt) / 1000;
      const after = await readCounters(redis);
      const use = {
        seconds: round(seconds),
        commandsPerSecond: round((after.commands - before.commands) / seconds),
        scriptsPerSecond: round((after.scripts - before.scripts) / seconds),
        cpuPercent: round(((after.cpuSeconds - before.cpuSeconds) / seconds) * 100),
      };
      rows.push({ what, figures: use });
      return use;
    },
    add: (what, figures) => void rows.push({ what, figures }),
    print() {
      for (const { what, figures } of rows) {
        const words = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
        process.stdout.write(`${what.padEnd(52)} ${words.join('  ')}\n`);
      }
    },
  };
}

async function readCounters(redis: Redis): Promise<{ commands: number; scripts: number; cpuSeconds: number }> {
  const info = `${await redis.info('stats')}${await redis.info('cpu')}${await redis.info('commandstats')}`;
  const read = (pattern: string): number => Number(new RegExp(`${pattern}([\\d.]+)`).exec(info)?.[1] ?? 0);
  return {
    commands: read('total_commands_processed:'),
    scripts: read('cmdstat_evalsha:calls=') + read('cmdstat_eval:calls='),
    cpuSeconds: read('used_cpu_user:') + read('used_cpu_sys:'),
  };
}

const round = (value: number): number => Math.round(value * 10) / 10;
