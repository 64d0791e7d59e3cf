import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

const BUNDLES = '.local/programs';
/** Age at which a folder goes. Its programs set its time (`load-cached.ts`), so none runs from it, and no bundler writes into it. */
const UNUSED_MS = 3 * 24 * 60 * 60 * 1000;

/** Returns the folder of the bundle of this build, or undefined if there is none. @param root The checkout, built. */
export function findBundle(root: string): string | undefined {
  const folder = join(root, BUNDLES, nameOfBuild(root));
  return existsSync(folder) ? folder : undefined;
}

/**
 * Writes the bundle of this build, and removes folders that no program uses. A folder has its name only while it is whole.
 * @param root The checkout, built. Another compiler may change it meanwhile.
 * @param bundle Writes the programs into a folder.
 * @throws Error if the bundler fails, the folder cannot be written, or the build changes during each of `tries`.
 */
export async function writeBundle(root: string, bundle: (folder: string) => Promise<void>, tries = 2): Promise<void> {
  const name = nameOfBuild(root);
  const folder = join(root, BUNDLES, name);
  const unfinished = `${folder}.${randomUUID()}`;
  try {
    // First, as a bundler works for seconds before it finds that it cannot write.
    mkdirSync(unfinished, { recursive: true });
    removeUnused(join(root, BUNDLES));
    await bundle(unfinished);
    if (nameOfBuild(root) === name) renameSync(unfinished, folder);
    else if (tries > 1) await writeBundle(root, bundle, tries - 1);
    else throw new Error('the build changed while it was bundled');
  } catch (error) {
    // Another process may have been faster, with the same result. Systems differ in their code for that.
    if (findBundle(root) === undefined) throw error;
  } finally {
    attempt(() => rmSync(unfinished, { recursive: true, force: true }));
  }
}

/**
 * Returns a name that follows from the place of the checkout, the lockfile, each `package.json`, and the compiler's notes, which hold a hash of
 * each source. It does not see a change by hand in `dist` or `node_modules`.
 */
function nameOfBuild(root: string): string {
  const hash = createHash('sha256')
    .update(root)
    .update(readFileSync(join(root, 'pnpm-lock.yaml')));
  const members = ['apps', 'packages'].flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(root, parent, name)));
  const files = members.flatMap((member) => [join(member, 'package.json'), join(member, 'dist/.tsbuildinfo')]);
  for (const file of files.filter((each) => existsSync(each))) hash.update(file).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

function removeUnused(parent: string): void {
  for (const name of readdirSync(parent))
    attempt(() => {
      const folder = join(parent, name);
      if (Date.now() - statSync(folder).mtimeMs < UNUSED_MS) return;
      // Half a folder must not keep its name if this process is killed.
      const removed = join(parent, randomUUID());
      renameSync(folder, removed);
      rmSync(removed, { recursive: true, force: true });
    });
}

/** Cleans up as far as it can: another process may do the same, and another user may own the folder. */
function attempt(clean: () => void): void {
  try {
    clean();
  } catch {}
}
