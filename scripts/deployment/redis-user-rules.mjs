// Checks that each process of Darkroom connects to Redis as a user of its own.
import { nameOf } from './resources.mjs';
import { entriesAt, podTemplates, valuesAt } from './select.mjs';

/** @typedef {import('./resources.mjs').Resource} Resource */

/** Processes that use no Redis. */
const withoutRedis = ['apps/runware-emulator/dist/main.js'];

/**
 * @param {Resource[]} resources
 * @returns {string[]}
 */
export function redisUserProblems(resources) {
  /** @type {Map<string, { name: string, process: string }>} */
  const byKey = new Map();
  return podTemplates(resources).flatMap(({ resource, path, labels }) =>
    entriesAt(resource, [...path, 'containers'])
      .filter((container) => isProcess(container))
      .flatMap((container) => {
        const variable = entriesAt(container, ['env']).find(({ name }) => name === 'REDIS_URL');
        const [key] = valuesAt(variable, ['valueFrom', 'secretKeyRef', 'key']);
        if (key === undefined) return [`${nameOf(resource)}: connects to Redis without a user from a secret`];
        // Pods with one name are one process: the commands of an operator share a user.
        const process = String(labels['app.kubernetes.io/name']);
        const other = byKey.get(key);
        byKey.set(key, { name: nameOf(resource), process });
        return other === undefined || other.process === process ? [] : [`${nameOf(resource)}: has the Redis user of ${other.name}`];
      }),
  );
}

/** @param {Record<string, unknown>} container */
function isProcess(container) {
  const [program = ''] = valuesAt(container, ['args']);
  return program.startsWith('apps/') && !withoutRedis.includes(program);
}
