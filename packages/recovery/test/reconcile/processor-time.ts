import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';

/** Processor time of Redis for the commands of one connection. */
export interface ProcessorTimes {
  /** The longest ones first: of a command that was alone on its connection, what Redis worked meanwhile, for others included. */
  longest(): { ms: number; command: string }[];
  reset(): void;
}

/**
 * Measures commands by the processor time of Redis' main thread (Linux, `/proc/<pid>/schedstat`). The slow log counts time on the clock: on
 * a busy machine most of its longest entries waited for a processor.
 * @param redis A connection that nothing else uses.
 */
export function measureProcessorTime(redis: Redis, pid: number): ProcessorTimes {
  const workedMs = (): number => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  const send = redis.sendCommand.bind(redis);
  let all: { ms: number; command: string }[] = [];
  let underWay = 0;
  let sent = 0;
  redis.sendCommand = (command, stream) => {
    sent += 1;
    const [mine, isAlone, before] = [sent, underWay === 0, underWay === 0 ? workedMs() : 0];
    underWay += 1;
    const end = (): void => {
      underWay -= 1;
      if (!isAlone || sent !== mine) return;
      all.push({ ms: workedMs() - before, command: `${command.name} ${String(command.args[0]).slice(0, 8)}` });
      if (all.length > 5000) all = all.toSorted((a, b) => b.ms - a.ms).slice(0, 100);
    };
    command.promise.then(end, end);
    return send(command, stream);
  };
  return {
    longest: () => all.toSorted((a, b) => b.ms - a.ms).slice(0, 5),
    reset: () => void (all = []),
  };
}
