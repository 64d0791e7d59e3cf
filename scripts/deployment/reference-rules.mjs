// Checks that every name in a Kubernetes document that points to another document has its target.
import { nameOf } from './resources.mjs';
import { at, entriesAt, podTemplates, valuesAt } from './select.mjs';

/** @typedef {import('./resources.mjs').Resource} Resource */

/**
 * @param {Resource[]} resources Resources that are applied together.
 * @returns {string[]}
 */
export function referenceProblems(resources) {
  /** @param {string} kind */
  const ofKind = (kind) => resources.filter((resource) => resource.kind === kind);
  const names = (/** @type {string} */ kind) => new Set(ofKind(kind).map(({ metadata }) => metadata.name));
  return [
    ...podTemplates(resources).flatMap((template) => podReferenceProblems(template, resources)),
    ...missingNames(ofKind('ScaledObject'), ['spec', 'scaleTargetRef', 'name'], 'Deployment', names('Deployment')),
    ...missingNames(ofKind('TargetGroupConfiguration'), ['spec', 'targetReference', 'name'], 'Service', names('Service')),
    ...missingNames(
      ofKind('Gateway'),
      ['spec', 'infrastructure', 'parametersRef', 'name'],
      'LoadBalancerConfiguration',
      names('LoadBalancerConfiguration'),
    ),
    ...ofKind('HTTPRoute').flatMap((route) => gatewayProblems(route, ofKind('Gateway'))),
    ...[
      ...backends(ofKind('Ingress'), ['spec', 'rules', 'http', 'paths', 'backend', 'service'], ['port', 'name']),
      ...backends(ofKind('HTTPRoute'), ['spec', 'rules', 'backendRefs'], ['port']),
    ].flatMap((backend) => backendProblems(backend, ofKind('Service'))),
    // Each of these selects pods by labels that some pod must carry.
    ...[
      ...selections(ofKind('Service'), ['spec', 'selector']),
      ...selections(ofKind('PodDisruptionBudget'), ['spec', 'selector', 'matchLabels']),
      ...selections(ofKind('NetworkPolicy'), ['spec', 'podSelector', 'matchLabels']),
      ...selections(ofKind('NetworkPolicy'), ['spec', 'ingress', 'from', 'podSelector', 'matchLabels']),
      ...selections(ofKind('NetworkPolicy'), ['spec', 'egress', 'to', 'podSelector', 'matchLabels']),
      ...ofKind('NetworkPolicy').flatMap((resource) =>
        entriesAt(resource, ['spec', 'podSelector', 'matchExpressions']).flatMap((expression) =>
          valuesAt(expression, ['values']).map((value) => ({ resource, labels: { [String(expression['key'])]: value } })),
        ),
      ),
    ]
      .filter(({ labels }) => !podTemplates(resources).some((template) => carries(template.labels, labels)))
      .map(({ resource, labels }) => `${nameOf(resource)}: no pod carries ${JSON.stringify(labels)}`),
  ];
}

/**
 * @param {import('./select.mjs').PodTemplate} template
 * @param {Resource[]} resources
 */
function podReferenceProblems({ resource, path }, resources) {
  /** @param {string} kind */
  const names = (kind) => new Set(resources.filter((each) => each.kind === kind).map(({ metadata }) => metadata.name));
  const [configMaps, accounts] = [names('ConfigMap'), names('ServiceAccount')];
  const secretKeys = new Set(resources.flatMap(secretKeysOf));
  const containers = ['containers', 'initContainers'].map((kind) => [...path, kind]);
  const wantedMaps = [
    ...containers.flatMap((container) => valuesAt(resource, [...container, 'envFrom', 'configMapRef', 'name'])),
    ...valuesAt(resource, [...path, 'volumes', 'configMap', 'name']),
  ];
  // An optional key may be missing everywhere; a base leaves its secrets to the overlay.
  const wantedKeys = containers
    .flatMap((container) => entriesAt(resource, [...container, 'env', 'valueFrom', 'secretKeyRef']))
    .filter((key) => key['optional'] !== true)
    .map(({ name, key }) => `${String(name)}/${String(key)}`);
  return [
    ...wantedMaps.filter((name) => !configMaps.has(name)).map((name) => `there is no ConfigMap "${name}"`),
    ...(secretKeys.size === 0 ? [] : wantedKeys.filter((key) => !secretKeys.has(key)).map((key) => `no secret holds "${key}"`)),
    ...valuesAt(resource, [...path, 'serviceAccountName'])
      .filter((name) => !accounts.has(name))
      .map((name) => `there is no ServiceAccount "${name}"`),
    ...containers.flatMap((container) =>
      entriesAt(resource, container).flatMap(({ volumeMounts, name }) =>
        valuesAt(volumeMounts, ['name'])
          .filter((volume) => !volumesOf(resource, path).includes(volume))
          .map((volume) => `container "${String(name)}" mounts the volume "${volume}", which does not exist`),
      ),
    ),
  ].map((problem) => `${nameOf(resource)}: ${problem}`);
}

/** @param {Resource} resource @param {string[]} path */
const volumesOf = (resource, path) => [
  ...valuesAt(resource, [...path, 'volumes', 'name']),
  ...valuesAt(resource, ['spec', 'volumeClaimTemplates', 'metadata', 'name']),
];

/**
 * @param {Resource} resource
 * @returns {string[]}
 */
function secretKeysOf(resource) {
  if (resource.kind === 'Secret') {
    const keys = [...entriesAt(resource, ['data']), ...entriesAt(resource, ['stringData'])].flatMap((data) => Object.keys(data));
    return keys.map((key) => `${resource.metadata.name}/${key}`);
  }
  if (resource.kind !== 'ExternalSecret') return [];
  const [target = resource.metadata.name] = valuesAt(resource, ['spec', 'target', 'name']);
  return valuesAt(resource, ['spec', 'data', 'secretKey']).map((key) => `${target}/${key}`);
}

/**
 * @param {Resource[]} resources
 * @param {string[]} path
 * @param {string} kind
 * @param {Set<string>} names
 */
const missingNames = (resources, path, kind, names) =>
  resources.flatMap((resource) =>
    valuesAt(resource, path)
      .filter((name) => !names.has(name))
      .map((name) => `${nameOf(resource)}: there is no ${kind} "${name}"`),
  );

/**
 * Checks a route against the gateways of the same namespace; those of others belong to the cluster.
 * @param {Resource} route
 * @param {Resource[]} gateways
 */
const gatewayProblems = (route, gateways) =>
  entriesAt(route, ['spec', 'parentRefs'])
    .filter(({ namespace }) => namespace === undefined)
    .flatMap(({ name, sectionName }) => {
      const gateway = gateways.find(({ metadata }) => metadata.name === name);
      if (gateway === undefined) return [`${nameOf(route)}: there is no Gateway "${String(name)}"`];
      const [listener] = entriesAt(gateway, ['spec', 'listeners']).filter((each) => each['name'] === sectionName);
      if (listener === undefined) return [`${nameOf(route)}: the Gateway has no listener "${String(sectionName)}"`];
      const hosts = valuesAt(route, ['spec', 'hostnames']);
      return hosts
        .filter((host) => listener['hostname'] !== undefined && host !== listener['hostname'])
        .map((host) => `${nameOf(route)}: the listener is for "${String(listener['hostname'])}", not for "${host}"`);
    });

/**
 * @typedef {{ resource: Resource, service: unknown, port: unknown }} Backend
 * @param {Resource[]} resources
 * @param {string[]} path
 * @param {string[]} toPort
 * @returns {Backend[]}
 */
const backends = (resources, path, toPort) =>
  resources.flatMap((resource) =>
    entriesAt(resource, path).map((backend) => ({ resource, service: backend['name'], port: at(backend, toPort)[0] })),
  );

/**
 * @param {Backend} backend
 * @param {Resource[]} services
 */
function backendProblems({ resource, service, port }, services) {
  const target = services.find(({ metadata }) => metadata.name === service);
  if (target === undefined) return [`${nameOf(resource)}: there is no Service "${String(service)}"`];
  const ports = entriesAt(target, ['spec', 'ports']);
  return ports.some((each) => each['name'] === port || each['port'] === port)
    ? []
    : [`${nameOf(resource)}: the Service "${String(service)}" has no port ${String(port)}`];
}

/**
 * @param {Resource[]} resources
 * @param {string[]} path
 */
const selections = (resources, path) => resources.flatMap((resource) => entriesAt(resource, path).map((labels) => ({ resource, labels })));

/**
 * @param {Record<string, unknown>} carried
 * @param {Record<string, unknown>} labels
 */
const carries = (carried, labels) => Object.entries(labels).every(([name, value]) => carried[name] === value);
