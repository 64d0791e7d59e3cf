import { rename, rm } from 'node:fs/promises';
import { bundleApps } from './bundle-apps.ts';

// Writes the bundled programs into a new folder: `main.js <folder>`.
const [, , folder = ''] = process.argv;
const unfinished = `${folder}.${process.pid}`;
try {
  await bundleApps(unfinished);
  // In one step: a folder of this name is whole, whatever is killed.
  await rename(unfinished, folder);
} catch (error) {
  // Another process may have been faster, with the same result.
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY')) throw error;
} finally {
  await rm(unfinished, { recursive: true, force: true });
}
