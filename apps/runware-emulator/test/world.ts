import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createEmulator, readBill, systemClock, type BillLine, type Clock, type Emulator, type FaultsInput } from '../src/app.ts';

export type Item = Record<string, unknown>;

/** Answer to one POST. */
export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  data: Item[];
  errors: Item[];
}

/** An emulator with its own directory, and an HTTP client for it. */
export interface World {
  readonly emulator: Emulator;
  post(tasks: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  poll(taskUUID: unknown): Promise<Reply>;
  setFaults(faults: FaultsInput): Promise<void>;
  bill(): Promise<BillLine[]>;
  billOf(kind: BillLine['kind']): Promise<BillLine[]>;
}

/** Short times for tests; all other switches keep their defaults. */
export const quick: FaultsInput = {
  executionMs: [20, 60],
  uploadDelayMs: [20, 40],
  webhookFirstRetryMs: 10,
  webhookMaxRetryMs: 40,
};

export interface SetupOptions {
  faults?: FaultsInput;
  seed?: string;
  directory?: string;
  clock?: Clock;
}

/** Creates a directory, which the end of the test removes. */
export async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'runware-emulator-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Starts an emulator that stops with the test. */
export async function setup({ faults = {}, seed = '1', directory, clock = systemClock }: SetupOptions = {}): Promise<World> {
  const config = {
    host: '127.0.0.1',
    port: 0,
    apiKey: 'key',
    seed,
    directory: directory ?? (await newDirectory()),
    faults: { ...quick, ...faults },
  };
  const emulator = createEmulator(config, { clock });
  onTestFinished(() => emulator.stop());
  await emulator.start();
  return worldOf(emulator);
}

/** Builds the client of an emulator, also of one in another process. */
export function worldOf(emulator: Emulator): World {
  const post: World['post'] = async (tasks, headers = {}) => {
    const response = await fetch(`${emulator.url}/v1`, {
      method: 'POST',
      headers: { authorization: 'Bearer key', 'content-type': 'application/json', connection: 'close', ...headers },
      body: typeof tasks === 'string' ? tasks : JSON.stringify(tasks),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    const { data = [], errors = [] } = isJson ? (JSON.parse(text) as { data?: Item[]; errors?: Item[] }) : {};
    return { status: response.status, headers: response.headers, text, data, errors };
  };
  const bill = async (): Promise<BillLine[]> => readBill(emulator.billFile);
  return {
    emulator,
    post,
    poll: (taskUUID) => post([{ taskType: 'getResponse', taskUUID }]),
    setFaults: async (faults) => {
      const response = await fetch(`${emulator.url}/_emulator/faults`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify(faults),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(text);
    },
    bill,
    billOf: async (kind) => (await bill()).filter((line) => line.kind === kind),
  };
}

/** Builds a small image task with a new id. */
export const imageTask = (changes: Readonly<Record<string, unknown>> = {}): Item & { taskUUID: string } => ({
  taskType: 'imageInference',
  taskUUID: randomUUID(),
  model: 'xai:grok-imagine@image',
  positivePrompt: 'a lighthouse at dusk',
  width: 576,
  height: 1248,
  ...changes,
});

/** Builds a small asynchronous image task with a new id. */
export const asyncTask = (changes: Readonly<Record<string, unknown>> = {}): Item & { taskUUID: string } =>
  imageTask({ deliveryMethod: 'async', ...changes });

/** Fetches bytes and closes the connection. */
export async function download(url: unknown): Promise<{ status: number; type: string | null; bytes: Buffer }> {
  const response = await fetch(String(url), { headers: { connection: 'close' } });
  return { status: response.status, type: response.headers.get('content-type'), bytes: Buffer.from(await response.arrayBuffer()) };
}
