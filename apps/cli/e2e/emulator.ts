import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readBilledTasks, startEmulator } from '@darkroom/testing';
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
  const apiKey = 'real-enough';
  const emulator = await startEmulator(directory, { apiKey, faults: { ...quick, ...faults } });
  onTestFinished(async () => {
    await emulator.kill();
    rmSync(directory, { recursive: true, force: true });
  });
  const tasks = async () => [...(await readBilledTasks(emulator.billFile)).values()];
  return {
    url: emulator.url,
    environment: { RUNWARE_URL: `${emulator.url}/v1`, RUNWARE_API_KEY: apiKey },
    executions: async () => (await tasks()).reduce((sum, { executions }) => sum + executions, 0),
    submissions: async () => (await tasks()).reduce((sum, { submissions }) => sum + submissions, 0),
    setFaults: (changed) => emulator.setFaults({ ...quick, ...changed }),
  };
}
