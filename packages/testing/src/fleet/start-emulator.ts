import { join } from 'node:path';
import { addressApp, appEnvironments, freePort } from '@darkroom/local-stack';
import { builtAppsFolder } from '../built-apps/built-apps.ts';
import { createManagedProcess } from './managed-process.ts';
import { setEmulatorFaults } from './set-emulator-faults.ts';

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
  const { script, url, readyUrl, environment } = addressApp('emulator', builtAppsFolder(), await freePort());
  const own = appEnvironments.emulator({ apiKey, dir: directory, faults: JSON.stringify(faults) });
  const logFile = join(directory, 'emulator.log');
  const emulator = createManagedProcess({ name: 'emulator', script, env: { ...own, ...environment }, logFile, readyUrl });
  await emulator.start();
  return {
    url,
    billFile: join(directory, 'bill.jsonl'),
    setFaults: (changed) => setEmulatorFaults(url, changed),
    kill: () => emulator.kill(),
  };
}
