import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown, type Plugin } from 'rolldown';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
// As it is compiled, also while this file is read from its source.
const runCached = new URL('../../dist/crash-points/run-cached.js', import.meta.url).href;
/** What dies and is started again; the emulator draws with a library that is no JavaScript, and lives on. */
const apps = ['worker', 'webhook-receiver', 'cli'] as const;

/** A change to the worker on purpose, to see that the crash points find it. */
export interface Breakage {
  /** The compiled file, as the end of its path. */
  readonly file: string;
  /** Must be there just once: a breakage that misses its place would prove that nothing is found. */
  readonly find: RegExp;
  readonly replace: string;
}

/**
 * Writes each app as one script with a code cache: what is started a thousand times spends most of its processor time on finding,
 * reading and compiling the thousand files of its libraries. What runs is the same, as it was built, but for what is broken on purpose.
 * @param folder Holds `apps/<name>/dist/main.js` afterwards, as the root of the repository does.
 * @throws Error for a breakage whose place is not there just once.
 */
export async function bundleApps(folder: string, breakages: readonly Breakage[] = []): Promise<void> {
  for (const app of apps) {
    const path = join('apps', app, 'dist', 'main.js');
    const main = join(root, path);
    const places = new Map<Breakage, number>();
    const plugins = [asFunction(main), ...(app === 'worker' ? [breakOnPurpose(breakages, places)] : [])];
    const bundle = await rolldown({ input: main, platform: 'node', external: ['sharp', 'vitest'], plugins });
    const script = join(folder, 'apps', app, 'dist', 'app.cjs');
    await bundle.write({ file: script, format: 'cjs', codeSplitting: false });
    await bundle.close();
    for (const breakage of app === 'worker' ? breakages : []) {
      const count = places.get(breakage) ?? 0;
      if (count !== 1) throw new Error(`${String(breakage.find)} is ${count} times in ${breakage.file}, and must be there once`);
    }
    await writeFile(join(folder, path), `import { runCached } from '${runCached}';\nrunCached(${JSON.stringify(script)});\n`);
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
}

const breakOnPurpose = (breakages: readonly Breakage[], places: Map<Breakage, number>): Plugin => ({
  name: 'break-on-purpose',
  transform(code, id) {
    let changed = code;
    for (const breakage of breakages.filter(({ file }) => id.endsWith(`/${file}`))) {
      const count = changed.match(new RegExp(breakage.find, 'g'))?.length ?? 0;
      places.set(breakage, (places.get(breakage) ?? 0) + count);
      changed = changed.replace(breakage.find, () => breakage.replace);
    }
    return changed === code ? null : changed;
  },
});

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
