import path from 'node:path';
import { runCommand } from '../src/app.ts';
import type { Terminal } from '../src/terminal.ts';
import type { World } from './world.ts';

/** The two ways of a command to a Darkroom. */
export const doors = ['library', 'HTTP API'] as const;
export type Door = (typeof doors)[number];

/** Starts a Darkroom. @returns the environment by which a command takes its HTTP API. */
export async function startDoors({ dir, start }: World): Promise<Record<string, string>> {
  const started = start();
  await started.printed('Runs on until Ctrl-C');
  const [, url = '', key = ''] = /export DARKROOM_URL=(\S+) DARKROOM_KEY=(\S+)/.exec(started.output()) ?? [];
  return { DARKROOM_URL: url, DARKROOM_KEY: key, XDG_STATE_HOME: path.join(dir, 'state') };
}

export interface Doors {
  environmentOf(door: Door): Readonly<Record<string, string>>;
  placeOf(door: Door, words: readonly string[]): string[];
  /** Runs a command in this process. @param stop Aborted: Ctrl-C. */
  runBy(door: Door, words: readonly string[], stop?: AbortSignal, out?: string[]): Promise<{ code: number; out: string[]; errors: string }>;
}

/**
 * Opens both doors of the Darkroom in a folder.
 * @param http Returns the environment by which a command takes the HTTP API.
 */
export function openDoors(dir: string, http: () => Readonly<Record<string, string>>): Doors {
  const environmentOf: Doors['environmentOf'] = (door) => (door === 'library' ? {} : http());
  const placeOf: Doors['placeOf'] = (door, words) => (door === 'library' && words[0] !== 'quote' ? ['--data-dir', dir] : []);
  return {
    environmentOf,
    placeOf,
    async runBy(door, words, stop = new AbortController().signal, out = []) {
      const errors: string[] = [];
      const terminalOf = (lines: string[]): Terminal => ({
        isLive: false,
        print: (...printed) => void lines.push(...printed),
        complain: (text) => void errors.push(text),
        draw: () => undefined,
        keepDrawing: () => undefined,
        paint: (_style, text) => text,
      });
      const code = await runCommand({
        words: [...words, ...placeOf(door, words)],
        environment: environmentOf(door),
        terminal: terminalOf(out),
        notes: terminalOf(errors),
        signals: { stop, hurry: stop },
      });
      return { code, out, errors: errors.join('\n') };
    },
  };
}
