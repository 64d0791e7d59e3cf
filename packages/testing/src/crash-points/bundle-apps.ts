import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown, type Plugin } from 'rolldown';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
// As it is compiled, also while this file is read from its source.
const runCached = new URL('../../dist/crash-points/run-cached.js', import.meta.url).href;
/** What dies and is started again; the emulator draws with a library that is no JavaScript, and lives on. */
const apps = ['worker', 'webhook-receiver', 'cli'] as const;

/**
 * Writes each app as one script with a code cache: what is started a thousand times spends most of its processor time on finding,
 * reading and compiling the thousand files of its libraries. What runs is the same, as it was built.
 * @param folder Holds `apps/<name>/dist/main.js` afterwards, as the root of the repository does.
 */
export async function bundleApps(folder: string): Promise<void> {
  for (const app of apps) {
    const path = join('apps', app, 'dist', 'main.js');
    const main = join(root, path);
    const bundle = await rolldown({ input: main, platform: 'node', external: ['sharp', 'vitest'], plugins: [asFunction(main)] });
    const script = join(folder, 'apps', app, 'dist', 'app.cjs');
    await bundle.write({ file: script, format: 'cjs', codeSplitting: false });
    await bundle.close();
    await writeFile(join(folder, path), `import { runCached } from '${runCached}';\nrunCached(${JSON.stringify(script)});\n`);
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
}

/** A script cannot wait on its top level: what follows the imports of an app becomes a function that can. */
const asFunction = (main: string): Plugin => ({
  name: 'as-function',
  transform(code, id) {
    if (id !== main) return null;
    const imports = code.match(/^import .*;$/gm) ?? [];
    const body = imports.reduce((left, statement) => left.replace(statement, ''), code);
    return `${imports.join('\n')}\nvoid (async () => {${body}\n})();\n`;
  },
});
