import { execFile } from 'node:child_process';
import { builtApp } from '@darkroom/testing';
import type { Written } from './canary.ts';

/** Runs a built app to its end, with any exit code. @returns its output. */
export const runProgram = (app: string, words: readonly string[], env: Readonly<Record<string, string>>): Promise<Written> =>
  new Promise((resolve) => {
    const environment = { PATH: process.env['PATH'] ?? '', ...env };
    execFile(process.execPath, [builtApp(app), ...words], { env: environment, timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({ place: `${app} ${words.join(' ')}`, text: `${error?.code ?? 0} ${stdout} ${stderr}` });
    });
  });
