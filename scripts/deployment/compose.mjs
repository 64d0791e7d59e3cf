// Checks the compose file: the schema of the Compose Specification, then our own rules.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Ajv } from 'ajv';
import { isMap, readDocuments } from './documents.mjs';
import { isPinned } from './images.mjs';

/** The schema that dclint, a linter of compose files, carries; it names its draft by an address that validators do not know. */
const linter = path.dirname(createRequire(import.meta.url).resolve('dclint/package.json'));
const schema = { ...JSON.parse(readFileSync(path.join(linter, 'schemas/compose.schema.json'), 'utf8')), $schema: undefined };
// The formats of the schema (durations, ports) are unknown to validators.
const validate = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema);

/** Services that keep some rights of root, because the entry point of their image gives them up by itself. */
const dropsByItself = ['storage'];

/** @typedef {Record<string, unknown>} Service */

/**
 * @param {string} file
 * @returns {string[]}
 */
export function composeProblems(file) {
  const [document] = readDocuments(file);
  if (!validate(document))
    return (validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath}: ${message} ${JSON.stringify(params)}`);
  if (!isMap(document) || !isMap(document['services'])) return ['there are no services'];
  const services = new Map(Object.entries(document['services']).map(([name, service]) => [name, isMap(service) ? service : {}]));
  const keysOf = (/** @type {string} */ key) => (isMap(document[key]) ? Object.keys(document[key]) : []);
  return [
    ...[...services].flatMap(([name, service]) =>
      serviceProblems(name, service, services, keysOf('volumes')).map((problem) => `service "${name}": ${problem}`),
    ),
    ...secretVolumeProblems(services, keysOf('volumes')),
    ...configProblems(services, document['configs'], path.dirname(file)),
  ];
}

/**
 * @param {string} name
 * @param {Service} service
 * @param {Map<string, Service>} services
 * @param {string[]} volumes
 */
function serviceProblems(name, service, services, volumes) {
  const { image, depends_on: dependsOn, ports, volumes: mounts, build } = service;
  const isOurs = build !== undefined;
  const before = isMap(dependsOn) ? Object.entries(dependsOn) : [];
  /** @type {Rule[]} */
  const rules = [
    [typeof image === 'string' && (isOurs || isPinned(withDefaults(image))), `has an image without a fixed version: "${String(image)}"`],
    [service['read_only'] === true, 'may write to its root file system'],
    [listOf(service['cap_drop']).includes('ALL') || dropsByItself.includes(name), 'keeps capabilities'],
    [service['mem_limit'] !== undefined && service['logging'] !== undefined, 'has no limit of memory or of its log'],
    [dependsOn === undefined || isMap(dependsOn), 'must name the condition of each dependency'],
    ...(endsByItself(service) ? [] : lastingRules(service)),
    ...before.map(([other, condition]) => {
      const wanted = endsByItself(services.get(other)) ? 'service_completed_successfully' : 'service_healthy';
      const words = wanted === 'service_healthy' ? 'is healthy' : 'has ended well';
      return /** @type {Rule} */ ([
        services.has(other) && isMap(condition) && condition['condition'] === wanted,
        `must wait until "${other}" ${words}`,
      ]);
    }),
    ...listOf(ports).map(
      (port) => /** @type {Rule} */ ([port.startsWith('127.0.0.1:'), `opens ${port} to the network; begin it with 127.0.0.1`]),
    ),
    ...listOf(mounts).map(
      (mount) => /** @type {Rule} */ ([volumes.includes(mount.split(':')[0] ?? ''), `mounts "${mount}", which is not a named volume`]),
    ),
  ];
  return rules.filter(([holds]) => !holds).map(([, problem]) => problem);
}

/** @typedef {[boolean, string]} Rule A condition, and the problem where it does not hold. */

/** @param {Service} service @returns {Rule[]} */
const lastingRules = ({ healthcheck, restart, stop_grace_period: grace }) => [
  [isMap(healthcheck) && healthcheck['test'] !== undefined, 'has no health check'],
  [restart === 'unless-stopped' || restart === 'always', 'does not restart after it ends'],
  [typeof grace === 'string', 'has no stop_grace_period'],
];

/** @param {Service | undefined} service */
const endsByItself = (service) => service?.['restart'] === 'no';

/**
 * Checks that each volume of secrets is written by one service and read by one other.
 * @param {Map<string, Service>} services
 * @param {string[]} volumes
 */
const secretVolumeProblems = (services, volumes) =>
  volumes
    .filter((volume) => volume.startsWith('secrets-') && volume !== 'secrets-kept')
    .flatMap((volume) => {
      const mounts = [...services].flatMap(([name, service]) =>
        listOf(service['volumes'])
          .filter((mount) => mount.split(':')[0] === volume)
          .map((mount) => `${name} ${mount.endsWith(':ro') ? 'reads' : 'writes'}`),
      );
      const isRight = mounts.length === 2 && mounts.includes('secrets writes') && mounts.some((mount) => mount.endsWith(' reads'));
      return isRight ? [] : [`volume "${volume}": one service must read it, and "secrets" write it; now: ${mounts.join(', ')}`];
    });

/**
 * @param {Map<string, Service>} services
 * @param {unknown} configs
 * @param {string} root
 */
function configProblems(services, configs, root) {
  const files = new Map(
    Object.entries(isMap(configs) ? configs : {}).map(([name, config]) => [name, isMap(config) ? config['file'] : undefined]),
  );
  const wanted = [...services].flatMap(([name, service]) =>
    (Array.isArray(service['configs']) ? service['configs'] : []).map((each) => ({
      name,
      source: isMap(each) ? String(each['source']) : '',
    })),
  );
  return [
    ...wanted.filter(({ source }) => !files.has(source)).map(({ name, source }) => `service "${name}": there is no config "${source}"`),
    ...[...files]
      .filter(([, file]) => typeof file !== 'string' || !existsSync(path.join(root, file)))
      .map(([name, file]) => `config "${name}": there is no file "${String(file)}"`),
  ];
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
const withDefaults = (text) => interpolate(text, {});

/**
 * Replaces the variables of a text as compose does. A form that is not here is an error.
 * @param {string} text
 * @param {Record<string, string>} env
 */
export function interpolate(text, env) {
  const filled = text.replaceAll(
    /\$\{(\w+):([-+])([^}]*)\}/g,
    (_, /** @type {string} */ name, /** @type {string} */ kind, /** @type {string} */ word) =>
      kind === '-' ? env[name] || word : env[name] ? word : '',
  );
  if (/(?<!\$)\$(?!\$)[{\w]/.test(filled.replaceAll('$$', ''))) throw new Error(`cannot replace the variables of "${text}"`);
  return filled.replaceAll('$$', '$');
}
