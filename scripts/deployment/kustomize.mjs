// Renders a folder of Kubernetes files as a cluster would get them.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { isMap, parseDocuments, readDocuments } from './documents.mjs';

/** @typedef {{ documents: unknown[], notChecked: string[] }} Rendered */

const renderers = [
  { command: 'kubectl', args: ['kustomize'] },
  { command: 'kustomize', args: ['build'] },
];

/**
 * Renders with kubectl or kustomize from PATH. Without either it reads the files as they stand, and names the steps that are missing.
 * @param {string} folder
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Rendered}
 */
export function render(folder, env = process.env) {
  for (const { command, args } of renderers) {
    const { error, status, stdout, stderr } = spawnSync(command, [...args, folder], { encoding: 'utf8', env });
    if (error !== undefined) continue; // not on PATH
    if (status !== 0) throw new Error(`${command} could not render ${folder}: ${stderr.trim()}`);
    return { documents: parseDocuments(stdout, folder), notChecked: [] };
  }
  return {
    documents: readResources(folder),
    notChecked: [`${folder}: patches, labels, namespace and images, because neither kubectl nor kustomize is on PATH`],
  };
}

/**
 * Returns the resources of a kustomization and of the folders that it names. Patches are only parsed, because they are partial documents.
 * @param {string} folder
 * @returns {unknown[]}
 */
function readResources(folder) {
  const [kustomization] = readDocuments(path.join(folder, 'kustomization.yaml'));
  if (!isMap(kustomization)) throw new Error(`${folder}/kustomization.yaml is empty`);
  for (const patch of listOf(kustomization['patches'])) {
    if (isMap(patch) && typeof patch['path'] === 'string') readDocuments(path.join(folder, patch['path']));
  }
  return listOf(kustomization['resources']).flatMap((resource) => {
    const target = path.join(folder, String(resource));
    if (!existsSync(target)) throw new Error(`${folder}/kustomization.yaml names "${String(resource)}", which does not exist`);
    return statSync(target).isDirectory() ? readResources(target) : readDocuments(target);
  });
}

/**
 * @param {unknown} value
 * @returns {unknown[]}
 */
const listOf = (value) => (Array.isArray(value) ? value : []);
