import { runProgram } from '@darkroom/local-stack';
import { builtApp } from '../built-apps/built-apps.ts';
import { baseEnvironment } from './test-place.ts';

/** The end of an app. */
export interface AppRun {
  /** Null after a signal. */
  readonly code: number | null;
  /** Everything that it printed, errors included. */
  readonly output: string;
}

/** Runs a built app to its end. @param env Its settings; no other variable of the test changes its behaviour. */
export const runApp = (app: string, words: readonly string[], env: Readonly<Record<string, string>>): Promise<AppRun> =>
  runProgram({ name: app, args: ['--enable-source-maps', builtApp(app), ...words], environment: { ...baseEnvironment(), ...env } });
