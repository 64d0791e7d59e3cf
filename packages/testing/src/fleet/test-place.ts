import { randomBytes } from 'node:crypto';
import type { AppPlace } from '@darkroom/local-stack';
import { builtAppsFolder } from '../built-apps/built-apps.ts';

/** Returns the environment that every process needs; nothing in it may make a process leave this machine. */
export const baseEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    ['PATH', 'HOME', 'TMPDIR', 'DARKROOM_TEST_RUN', 'NODE_OPTIONS']
      .map((name) => [name, process.env[name] ?? ''])
      .filter(([, value]) => value !== ''),
  );

/** Returns the place of the apps of a test. @param logs Folder of their logs. @param root That of all tests when absent. */
export const testPlace = (logs: string, root = builtAppsFolder()): AppPlace => ({ root, logs, environment: baseEnvironment() });

/** Returns the keys of a Darkroom whose test names none. */
export const testKeys = (): { apiKey: string; webhookKeys: string } => ({
  apiKey: 'test-key',
  webhookKeys: `test:${randomBytes(32).toString('hex')}`,
});

/** Returns the names of processes, numbered from 0. */
export const numbered = (name: string, count: number): string[] => Array.from({ length: count }, (_, at) => `${name}-${at}`);
