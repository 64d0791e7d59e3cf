import { join } from 'node:path';
import { builtApp, createManagedProcess, freePort } from '@darkroom/testing';

/** One line of the emulator's bill, as it writes it. */
export interface BillLine {
  kind: 'submission' | 'acceptance' | 'refusal' | 'execution' | 'failure' | 'upload';
  taskUUID: string;
  /** Of an upload. */
  sha256?: string;
  costUsd?: string;
  images?: { sha256: string }[];
}

/** The emulator of the provider, as a process that knows nothing of the test but what comes over HTTP. */
export interface Provider {
  /** Host and port. */
  readonly host: string;
  readonly apiKey: string;
  /** Sets switches; those not named go back to the quick defaults. */
  setFaults(faults: Readonly<Record<string, unknown>>): Promise<void>;
  bill(): Promise<BillLine[]>;
  stop(): Promise<void>;
}

const quick = { executionMs: [10, 30], uploadDelayMs: [10, 20], webhookFirstRetryMs: 10, webhookMaxRetryMs: 50 };

/** Starts one; it must have been built. @param directory Where it keeps its bill. */
export async function startProvider(directory: string): Promise<Provider> {
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const apiKey = 'test-key';
  const emulator = createManagedProcess({
    name: 'emulator',
    script: builtApp('runware-emulator'),
    env: { HOST: '127.0.0.1', PORT: String(port), EMULATOR_API_KEY: apiKey, EMULATOR_DIR: directory, FAULTS: JSON.stringify(quick) },
    logFile: join(directory, 'emulator.log'),
    readyUrl: `http://${host}/`,
  });
  await emulator.start();

  const ask = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const response = await fetch(`http://${host}${path}`, {
      ...init,
      headers: { 'content-type': 'application/json', connection: 'close' },
    });
    if (!response.ok) throw new Error(`the emulator answered ${response.status}: ${await response.text()}`);
    return response.json();
  };
  return {
    host,
    apiKey,
    setFaults: async (faults) => void (await ask('/_emulator/faults', { method: 'PUT', body: JSON.stringify(faults) })),
    bill: async () => ((await ask('/_emulator/bill')) as { lines: BillLine[] }).lines, // its own words
    stop: () => emulator.kill(),
  };
}
