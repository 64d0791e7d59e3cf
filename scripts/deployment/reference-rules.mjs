// Checks that every name in a Kubernetes document that points to another document has its target.
import { nameOf } from './resources.mjs';

/** @typedef {import('./resources.mjs').Resource} Resource */

/** @typedef {{ configMaps: string[], secretKeys: string[], accounts: string[] }} Wanted */

/**
 * @param {Resource[]} resources Resources that are applied together.
 * @returns {string[]}
 */
export function referenceProblems(resources) {
  /** @param {string} kind */
  const ofKind = (kind) => resources.filter((resource) => resource.kind === kind);
  const names = (/** @type {string} */ kind) => new Set(ofKind(kind).map(({ metadata }) => metadata.name));
  const configMaps = names('ConfigMap');
  const accounts = names('ServiceAccount');
  const deployments = names('Deployment');
  const secretKeys = new Set(ofKind('ExternalSecret').flatMap((secret) => secretKeysOf(secret)));
  const services = names('Service');

  return [
    ...sharedUserProblems(ofKind('Deployment')),
    ...ofKind('Deployment').flatMap((deployment) => {
      const wanted = wantedBy(deployment);
      return [
        ...wanted.configMaps.filter((name) => !configMaps.has(name)).map((name) => `there is no ConfigMap "${name}"`),
        // A base leaves its secrets to the overlay.
        ...(secretKeys.size === 0 ? [] : wanted.secretKeys.filter((key) => !secretKeys.has(key)).map((key) => `no secret holds "${key}"`)),
        ...wanted.accounts.filter((name) => !accounts.has(name)).map((name) => `there is no ServiceAccount "${name}"`),
      ].map((problem) => `${nameOf(deployment)}: ${problem}`);
    }),
    ...ofKind('ScaledObject')
      .flatMap((scaled) => valuesAt(scaled, ['spec', 'scaleTargetRef', 'name']).map((target) => ({ scaled, target })))
      .filter(({ target }) => !deployments.has(target))
      .map(({ scaled, target }) => `${nameOf(scaled)}: there is no Deployment "${target}"`),
    ...ofKind('Ingress')
      .flatMap((ingress) =>
        valuesAt(ingress, ['spec', 'rules', 'http', 'paths', 'backend', 'service', 'name']).map((target) => ({ ingress, target })),
      )
      .filter(({ target }) => !services.has(target))
      .map(({ ingress, target }) => `${nameOf(ingress)}: there is no Service "${target}"`),
    // Each of these selects pods by a label that some pod must carry.
    ...[
      ...selections(ofKind('Service'), ['spec', 'selector']),
      ...selections(ofKind('PodDisruptionBudget'), ['spec', 'selector', 'matchLabels']),
      ...selections(ofKind('NetworkPolicy'), ['spec', 'podSelector', 'matchLabels']),
    ]
      .filter(({ labels }) => !ofKind('Deployment').some((deployment) => carries(deployment, labels)))
      .map(({ resource, labels }) => `${nameOf(resource)}: no pod carries ${JSON.stringify(labels)}`),
  ];
}

/**
 * Checks that each process has a Redis user of its own.
 * @param {Resource[]} deployments
 * @returns {string[]}
 */
function sharedUserProblems(deployments) {
  /** @type {Map<string, Resource>} */
  const byKey = new Map();
  return deployments.flatMap((deployment) => {
    const variables = entriesAt(deployment, ['spec', 'template', 'spec', 'containers', 'env']);
    return variables
      .filter(({ name }) => name === 'REDIS_URL')
      .flatMap((variable) => {
        const [key = ''] = valuesAt(variable, ['valueFrom', 'secretKeyRef', 'key']);
        const other = byKey.get(key);
        byKey.set(key, deployment);
        return other === undefined ? [] : [`${nameOf(deployment)}: has the Redis user of ${nameOf(other)}`];
      });
  });
}

/**
 * @param {Resource} deployment
 * @returns {Wanted}
 */
function wantedBy(deployment) {
  const container = ['spec', 'template', 'spec', 'containers'];
  return {
    configMaps: valuesAt(deployment, [...container, 'envFrom', 'configMapRef', 'name']),
    secretKeys: entriesAt(deployment, [...container, 'env', 'valueFrom', 'secretKeyRef']).map(
      ({ name, key }) => `${String(name)}/${String(key)}`,
    ),
    accounts: valuesAt(deployment, ['spec', 'template', 'spec', 'serviceAccountName']),
  };
}

/**
 * @param {Resource} secret
 * @returns {string[]}
 */
function secretKeysOf(secret) {
  const [target = secret.metadata.name] = valuesAt(secret, ['spec', 'target', 'name']);
  return valuesAt(secret, ['spec', 'data', 'secretKey']).map((key) => `${target}/${key}`);
}

/**
 * @param {Resource[]} resources
 * @param {string[]} path
 */
const selections = (resources, path) => resources.flatMap((resource) => entriesAt(resource, path).map((labels) => ({ resource, labels })));

/**
 * @param {Resource} deployment
 * @param {Record<string, unknown>} labels
 */
const carries = (deployment, labels) =>
  entriesAt(deployment, ['spec', 'template', 'metadata', 'labels']).some((carried) =>
    Object.entries(labels).every(([name, value]) => carried[name] === value),
  );

/**
 * Returns the values under a path of keys; a list on the way stands for each of its items.
 * @param {unknown} value
 * @param {string[]} path
 * @returns {unknown[]}
 */
function at(value, path) {
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
const valuesAt = (value, path) => at(value, path).filter((found) => typeof found === 'string');

/**
 * @param {unknown} value
 * @param {string[]} path
 * @returns {Record<string, unknown>[]}
 */
const entriesAt = (value, path) =>
  at(value, path).flatMap((found) => (typeof found === 'object' && found !== null ? [Object.fromEntries(Object.entries(found))] : []));
