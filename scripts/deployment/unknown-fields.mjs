// Finds fields that Kubernetes does not know. The published schemas allow them and the server drops them silently, so that a misspelled
// "readinessProb" deploys and protects nothing. TypeScript refuses them, with types of the same schemas.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isResource, nameOf, typesOf } from './resources.mjs';

/** @typedef {import('./resources.mjs').Resource} Resource */

const compilerOptions = {
  target: 'ES2023',
  module: 'nodenext',
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
};

/**
 * @param {unknown[]} documents
 * @param {string} root Folder whose node_modules hold the compiler and the types.
 * @returns {string[]}
 */
export function unknownFieldProblems(documents, root) {
  const resources = documents.filter(isResource).filter((resource) => typesOf(resource) !== undefined);
  // The folder lies inside the tree, so that imports find the packages. Its name holds the process id, so that two runs do not collide.
  const folder = path.join(root, '.local', 'deployment-types', String(process.pid));
  mkdirSync(folder, { recursive: true });
  try {
    for (const [index, resource] of resources.entries()) writeFileSync(path.join(folder, fileOf(index)), programOf(resource));
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    const compiler = path.join(root, 'node_modules', 'tsc-native', 'bin', 'tsc');
    const { status, stdout, error } = spawnSync(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (error !== undefined) throw error;
    return status === 0 ? [] : problemsIn(stdout, resources);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {number} index */
const fileOf = (index) => `resource-${index}.ts`;

/** @param {Resource} resource */
const programOf = (resource) =>
  `import type { I${resource.kind} } from '${typesOf(resource)}';\nexport const resource: I${resource.kind} = ${JSON.stringify(resource, null, 1)};\n`;

/**
 * @param {string} output
 * @param {Resource[]} resources
 */
function problemsIn(output, resources) {
  const problems = [...output.matchAll(/resource-(\d+)\.ts\(\d+,\d+\): error TS\d+: (.*)/g)].map(([, index, message]) => {
    const resource = resources[Number(index)];
    return `${resource === undefined ? '' : nameOf(resource)}: ${message}`;
  });
  return problems.length > 0 ? problems : [`the compiler failed: ${output}`];
}
