import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Written } from './canary.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** Runs a built app to its end, however it ends. @returns what it printed. */
export const runProgram = (app: string, words: readonly string[], env: Readonly<Record<string, string>>): Promise<Written> =>
  new Promise((resolve) => {
    const script = join(root, 'apps', app, 'dist/main.js');
    const environment = { PATH: process.env['PATH'] ?? '', ...env };
    execFile(process.execPath, [script, ...words], { env: environment, timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({ place: `${app} ${words.join(' ')}`, text: `${error?.code ?? 0} ${stdout} ${stderr}` });
    });
  });
