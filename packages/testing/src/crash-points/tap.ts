import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defined } from '@darkroom/contracts';
import type { Servers } from '../fleet/stack.ts';
import { TAP_VARIABLE, type CrashPoint, type Step, type TapOrder, type TapSettings, type TraceLine } from './order.ts';

/** The test's side of a tap: orders one process to count its requests or to die at one. */
export interface Tap {
  /** Belongs into the environment of the process. */
  readonly environment: Readonly<Record<string, string>>;
  /** Leaves an order for the next start or signal. */
  order(order: TapOrder): Promise<void>;
  withdraw(): Promise<void>;
  /** Returns the requests counted since the process last read an order. */
  read(): Promise<Trace>;
}

export interface Trace {
  /** Number of times that the process has read its order file, with or without an order. */
  readonly readings: number;
  readonly steps: readonly Step[];
  /** The point at which it died as ordered. */
  readonly died?: CrashPoint;
}

// The compiled file, also when this module runs from its source.
const preload = new URL('../../dist/crash-points/preload.js', import.meta.url).href;

export function createTap(directory: string, name: string, servers: Servers): Tap {
  const settings: TapSettings = {
    orderFile: join(directory, `${name}.order.json`),
    traceFile: join(directory, `${name}.trace`),
    servers: { [portOf(servers.redis)]: 'redis', [portOf(servers.s3)]: 's3', [portOf(servers.provider)]: 'provider' },
  };
  return {
    environment: {
      NODE_OPTIONS: [process.env['NODE_OPTIONS'], `--import=${preload}`].filter(Boolean).join(' '),
      [TAP_VARIABLE]: JSON.stringify(settings),
    },
    order: (order) => writeFile(settings.orderFile, JSON.stringify(order)),
    withdraw: () => rm(settings.orderFile, { force: true }),
    read: () => readTrace(settings.traceFile),
  };
}

async function readTrace(file: string): Promise<Trace> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as TraceLine); // the preload writes it
  const begins = lines.findLastIndex((line) => 'armed' in line);
  const since = lines.slice(begins + 1);
  const died = since.find((line) => 'died' in line)?.died;
  return {
    readings: lines.filter((line) => 'armed' in line).length,
    steps: since.filter((line) => 'step' in line),
    ...defined({ died }),
  };
}

const portOf = (url: string): string => new URL(url).port;
