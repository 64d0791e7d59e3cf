import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseApiKey } from '@darkroom/contracts';
import { makeFolders, type Environment } from '@darkroom/service-runtime';
import type { DoorSettings } from './door-settings.ts';

/** The place of a group in the events of the API, kept in a file of this user: the API itself keeps none. */
export interface Place {
  read(): string | undefined;
  /** @throws an error of the file system. */
  write(place: string): void;
}

/**
 * Opens the place of a group, in `$XDG_STATE_HOME/darkroom` or `~/.local/state/darkroom`. Its name says nothing of address and key.
 * @returns undefined without a home folder: the group then begins with the next event.
 */
export function openPlace({ url, key }: DoorSettings, group: string, environment: Environment): Place | undefined {
  const { XDG_STATE_HOME: state = '', HOME: home = '' } = environment;
  const folder = path.isAbsolute(state) ? state : path.isAbsolute(home) ? path.join(home, '.local', 'state') : undefined;
  if (folder === undefined) return undefined;
  const name = createHash('sha256')
    .update(JSON.stringify([url, parseApiKey(key)?.id, group]))
    .digest('hex')
    .slice(0, 32);
  const file = path.join(folder, 'darkroom', `place-${name}`);
  return {
    read() {
      try {
        const text = readFileSync(file, 'utf8').trim();
        return /^\d+-\d+$/.test(text) ? text : undefined;
      } catch {
        return undefined;
      }
    },
    write(place) {
      makeFolders(path.dirname(file), 0o700);
      const unfinished = `${file}.${randomUUID()}`;
      try {
        writeFileSync(unfinished, `${place}\n`, { mode: 0o600 });
        renameSync(unfinished, file);
      } catch (error) {
        rmSync(unfinished, { force: true });
        throw error;
      }
    },
  };
}
