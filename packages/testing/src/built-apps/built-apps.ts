import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repositoryRoot = fileURLToPath(new URL('../../../../', import.meta.url));

/** The environment variable that names the folder of the apps which tests start, for the run of tests that bundled them. */
export const BUILT_APPS = 'DARKROOM_TEST_APPS';

/** Returns the folder that holds `apps/<name>/dist/main.js`: the bundled ones of this run of tests, or else the repository. */
export const builtAppsFolder = (): string => process.env[BUILT_APPS] ?? repositoryRoot;

/** Returns the script that starts an app, as a test of its behaviour starts it. */
export const builtApp = (app: string): string => join(builtAppsFolder(), 'apps', app, 'dist', 'main.js');
