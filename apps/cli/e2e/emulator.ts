import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { builtApp, createManagedProcess, freePort, readBilledTasks } from '@darkroom/testing';
import { onTestFinished } from 'vitest';

/** An emulator that the test starts, as the provider behind RUNWARE_URL. */
export interface ProviderProcess {
  readonly url: string;
  /** Settings with which a start buys from it. */
  readonly environment: { RUNWARE_URL: string; RUNWARE_API_KEY: string };
  executions(): Promise<number>;
  submissions(): Promise<number>;
  setFaults(faults: Readonly<Record<string, unknown>>): Promise<void>;
}

const quick = { executionMs: [100, 300], uploadDelayMs: [50, 100] };

/** Starts an emulator that ends with the test. */
export async function startProvider(faults: Readonly<Record<string, unknown>> = {}): Promise<ProviderProcess> {
  const directory = mkdtempSync(path.join(tmpdir(), 'darkroom-provider-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const emulator = createManagedProcess({
    name: 'provider',
    script: builtApp('runware-emulator'),
    env: {
      EMULATOR_API_KEY: 'real-enough',
      EMULATOR_DIR: directory,
      HOST: '127.0.0.1',
      PORT: String(port),
      FAULTS: JSON.stringify({ ...quick, ...faults }),
    },
    logFile: path.join(directory, 'log'),
    readyUrl: `${url}/`,
  });
  onTestFinished(async () => {
    await emulator.kill();
    rmSync(directory, { recursive: true, force: true });
  });
  await emulator.start();
  const tasks = async () => [...(await readBilledTasks(path.join(directory, 'bill.jsonl'))).values()];
  return {
    url,
    environment: { RUNWARE_URL: `${url}/v1`, RUNWARE_API_KEY: 'real-enough' },
    executions: async () => (await tasks()).reduce((sum, { executions }) => sum + executions, 0),
    submissions: async () => (await tasks()).reduce((sum, { submissions }) => sum + submissions, 0),
    async setFaults(changed) {
      const response = await fetch(`${url}/_emulator/faults`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify({ ...quick, ...changed }),
      });
      if (!response.ok) throw new Error(await response.text());
      await response.arrayBuffer();
    },
  };
}
