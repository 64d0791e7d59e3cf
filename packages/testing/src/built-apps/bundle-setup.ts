import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILT_APPS } from './built-apps.ts';
import { bundleApps } from './bundle-apps.ts';

/** Bundles the built apps once, in a few seconds, for a run of tests that starts hundreds of processes. */
export default async function setup(): Promise<() => Promise<void>> {
  if (process.env[BUILT_APPS] !== undefined) return async () => {}; // another project of this run has bundled them
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-apps-'));
  await bundleApps(folder);
  // The processes of the tests inherit this variable.
  process.env[BUILT_APPS] = folder;
  return () => rm(folder, { recursive: true, force: true });
}
