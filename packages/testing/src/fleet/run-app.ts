import { runProgram } from '@darkroom/local-stack';
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
export const runApp = (app: string, words: readonly string[], env: Readonly<Record<string, string>>): Promise<AppRun> =>
  runProgram({ name: app, args: ['--enable-source-maps', builtApp(app), ...words], environment: { ...baseEnvironment(), ...env } });
