import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { builtApp } from '../built-apps/built-apps.ts';
import { baseEnvironment } from './managed-process.ts';

/** How an app ended. */
export interface AppRun {
  /** Null after a signal. */
  readonly code: number | null;
  /** Everything that it printed, errors included. */
  readonly output: string;
}

/** Runs a built app to its end. @param env Its settings; it sees nothing else of the environment of the test that could change what it does. */
export async function runApp(app: string, words: readonly string[], env: Readonly<Record<string, string>>): Promise<AppRun> {
  const child = spawn(process.execPath, ['--enable-source-maps', builtApp(app), ...words], {
    env: { ...baseEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = (await once(child, 'close')) as [number | null]; // of the event "close"
  return { code, output };
}
