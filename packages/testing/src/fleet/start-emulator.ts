import { join } from 'node:path';
import { appEnvironments, describeApp } from '@darkroom/local-stack';
import { setEmulatorFaults } from './set-emulator-faults.ts';
import { testPlace } from './test-place.ts';

/** An emulator of the provider without a Darkroom beside it. */
export interface OwnEmulator {
  readonly url: string;
  readonly billFile: string;
  /** Sets switches; those that are not named go back to the values of its start. */
  setFaults(faults: Readonly<Record<string, unknown>>): Promise<void>;
  kill(): Promise<void>;
}

/** Starts an emulator, which must have been built. @param directory Folder of its bill, its state and its log. */
export async function startEmulator(
  directory: string,
  { apiKey, faults }: { apiKey: string; faults: Readonly<Record<string, unknown>> },
): Promise<OwnEmulator> {
  const env = appEnvironments.emulator({ apiKey, dir: directory, faults: JSON.stringify(faults) });
  const emulator = await describeApp(testPlace(directory), { app: 'emulator', env });
  await emulator.start();
  return {
    url: emulator.url,
    billFile: join(directory, 'bill.jsonl'),
    setFaults: (changed) => setEmulatorFaults(emulator.url, changed),
    kill: () => emulator.kill(),
  };
}
