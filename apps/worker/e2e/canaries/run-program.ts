import { runApp } from '@darkroom/testing';
import type { Written } from './canary.ts';

/** Runs a built app to its end, with any exit code. @returns its output. */
export async function runProgram(app: string, words: readonly string[], env: Readonly<Record<string, string>>): Promise<Written> {
  const { code, output } = await runApp(app, words, env);
  return { place: `${app} ${words.join(' ')}`, text: `${code} ${output}` };
}
