// Checks the public entrance: the routes that are meant to be public, and no other. The rules of the cluster (CEL) also want a path with "/".
import { nameOf } from './resources.mjs';
import { entriesAt } from './select.mjs';

/** @typedef {import('./resources.mjs').Resource} Resource */

/** Public paths by the Service that serves them. */
const publicPaths = new Map([
  ['darkroom-receiver', ['Exact /webhooks/runware']],
  ['darkroom-api', ['Prefix /reference', 'Prefix /v1']],
]);

/**
 * @param {Resource[]} resources
 * @returns {string[]}
 */
export function routeProblems(resources) {
  const routes = [
    ...resources.filter(({ kind }) => kind === 'HTTPRoute').flatMap(routesOfHttpRoute),
    ...resources.filter(({ kind }) => kind === 'Ingress').flatMap(routesOfIngress),
  ];
  const unknown = routes
    .filter(({ service, path }) => publicPaths.get(service)?.includes(path) !== true)
    .map(({ resource, service, path }) => `${nameOf(resource)}: opens "${path}" of "${service}", which is not a public path`);
  const missing = [...publicPaths].flatMap(([service, paths]) =>
    paths
      .filter((path) => !routes.some((route) => route.service === service && route.path === path))
      .map((path) => `no route leads to "${path}" of "${service}"`),
  );
  // A base has no entrance.
  return routes.length === 0 ? [] : [...unknown, ...missing];
}

/** @param {Resource} resource */
const routesOfHttpRoute = (resource) =>
  entriesAt(resource, ['spec', 'rules']).flatMap((rule) =>
    entriesAt(rule, ['backendRefs']).flatMap(({ name }) =>
      entriesAt(rule, ['matches', 'path']).map(({ type, value }) => ({
        resource,
        service: String(name),
        path: `${String(type).replace('PathPrefix', 'Prefix')} ${String(value)}`,
      })),
    ),
  );

/** @param {Resource} resource */
const routesOfIngress = (resource) =>
  entriesAt(resource, ['spec', 'rules', 'http', 'paths']).flatMap((rule) =>
    entriesAt(rule, ['backend', 'service']).map(({ name }) => ({
      resource,
      service: String(name),
      path: `${String(rule['pathType'])} ${String(rule['path'])}`,
    })),
  );
