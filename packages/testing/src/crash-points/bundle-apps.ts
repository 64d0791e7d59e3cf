import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
/** What dies and is started again; the emulator draws with a library that is no JavaScript, and lives on. */
const apps = ['worker', 'webhook-receiver', 'cli'] as const;

/**
 * Writes each app as one file: what is started a thousand times spends most of its processor time on finding and reading the
 * thousand files of its libraries. What runs is the same, as it was built.
 * @param folder Holds `apps/<name>/dist/main.js` afterwards, as the root of the repository does.
 */
export async function bundleApps(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
  for (const app of apps) {
    const path = join('apps', app, 'dist', 'main.js');
    const bundle = await rolldown({ input: join(root, path), platform: 'node', external: ['sharp', 'vitest'] });
    await bundle.write({ file: join(folder, path), format: 'esm', codeSplitting: false });
    await bundle.close();
  }
}
