import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repositoryRoot = fileURLToPath(new URL('../../../../', import.meta.url));

/** The environment variable with the folder of the bundled programs, for a run of tests whose task (scripts/tasks) bundled them. */
const BUILT_APPS = 'DARKROOM_TEST_APPS';

/** A program of this package that reads the durable events, by its place in the repository. */
export const EVENT_CONSUMER = 'packages/testing/dist/event-consumer/main.js';
/** A program of this package that calls the producer once. */
export const CALLER = 'packages/testing/dist/crash-points/caller/main.js';

/** Returns the folder with the `main.js` of each program, at its place in the repository: the bundles of this run of tests, else the repository. */
export const builtAppsFolder = (): string => process.env[BUILT_APPS] ?? repositoryRoot;

/** Returns the script that a test of an app starts. */
export const builtApp = (app: string): string => builtProgram(`apps/${app}/dist/main.js`);

/** Returns the script of a program. @param path Its place in the repository. */
export const builtProgram = (path: string): string => join(builtAppsFolder(), path);
