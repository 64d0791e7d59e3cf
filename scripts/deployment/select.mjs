// Finds parts of Kubernetes documents.

/** @typedef {import('./resources.mjs').Resource} Resource */

/**
 * Pods that a resource makes. `path` leads to their spec.
 * @typedef {{ resource: Resource, path: string[], labels: Record<string, unknown> }} PodTemplate
 */

/** Where each kind of workload keeps the template of its pods. */
const templates = new Map([
  ['Deployment', ['spec', 'template']],
  ['StatefulSet', ['spec', 'template']],
  ['CronJob', ['spec', 'jobTemplate', 'spec', 'template']],
]);

/**
 * @param {Resource[]} resources
 * @returns {PodTemplate[]}
 */
export const podTemplates = (resources) =>
  resources.flatMap((resource) => {
    const path = templates.get(resource.kind);
    if (path === undefined) return [];
    const [labels = {}] = entriesAt(resource, [...path, 'metadata', 'labels']);
    return [{ resource, path: [...path, 'spec'], labels }];
  });

/**
 * Returns the values under a path of keys; a list on the way stands for each of its items.
 * @param {unknown} value
 * @param {string[]} path
 * @returns {unknown[]}
 */
export function at(value, path) {
  if (Array.isArray(value)) return value.flatMap((item) => at(item, path));
  const [key, ...rest] = path;
  if (key === undefined) return [value];
  if (typeof value !== 'object' || value === null || !(key in value)) return [];
  return at(Object.entries(value).find(([name]) => name === key)?.[1], rest);
}

/**
 * @param {unknown} value
 * @param {string[]} path
 */
export const valuesAt = (value, path) => at(value, path).filter((found) => typeof found === 'string');

/**
 * @param {unknown} value
 * @param {string[]} path
 * @returns {Record<string, unknown>[]}
 */
export const entriesAt = (value, path) =>
  at(value, path).flatMap((found) => (typeof found === 'object' && found !== null ? [Object.fromEntries(Object.entries(found))] : []));
