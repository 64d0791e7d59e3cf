import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repositoryRoot = fileURLToPath(new URL('../../../../', import.meta.url));

/** The environment variable with the folder of the bundled apps, for a run of tests that bundled them. */
export const BUILT_APPS = 'DARKROOM_TEST_APPS';

/** Returns the folder with `apps/<name>/dist/main.js`: the bundles of this run of tests, else the repository. */
export const builtAppsFolder = (): string => process.env[BUILT_APPS] ?? repositoryRoot;

/** Returns the script that a test of an app starts. */
export const builtApp = (app: string): string => join(builtAppsFolder(), 'apps', app, 'dist', 'main.js');
