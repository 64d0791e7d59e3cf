// Checks rules for the pods of Darkroom that no schema knows.
import { isPinned } from './images.mjs';
import { nameOf } from './resources.mjs';

/** @typedef {import('kubernetes-models/apps/v1').IDeployment} Deployment */
/** @typedef {NonNullable<NonNullable<NonNullable<NonNullable<Deployment['spec']>['template']['spec']>['containers']>>[number]} Container */
/** @typedef {import('./resources.mjs').Resource} Resource */

/**
 * @param {Resource} resource
 * @returns {resource is Resource & Deployment}
 */
const isDeployment = (resource) => resource.kind === 'Deployment';

/**
 * @param {Resource[]} resources Valid by the schemas of their kinds.
 * @param {{ isFinal: boolean }} options `isFinal` is false for a base whose images an overlay names.
 * @returns {string[]}
 */
export function podProblems(resources, { isFinal }) {
  const covered = new Set(resources.filter(({ kind }) => kind === 'PodDisruptionBudget').map(({ metadata }) => metadata.name));
  return resources.filter(isDeployment).flatMap((deployment) => {
    const pod = deployment.spec?.template.spec;
    if (pod === undefined) return [`${nameOf(deployment)}: has no pod`];
    const containers = pod.containers;
    /** @type {[boolean, string][]} */
    const rules = [
      [pod.securityContext?.runAsNonRoot === true, 'runs as root'],
      [pod.securityContext?.seccompProfile?.type === 'RuntimeDefault', 'has no seccomp profile'],
      [(pod.terminationGracePeriodSeconds ?? 0) > 0, 'has no termination grace period of its own'],
      [(pod.topologySpreadConstraints ?? []).length > 0, 'is not spread over zones and nodes'],
      [covered.has(deployment.metadata.name), 'has no PodDisruptionBudget of its name'],
      ...containers.flatMap((container) => containerRules(container, isFinal)),
    ];
    return rules.filter(([holds]) => !holds).map(([, problem]) => `${nameOf(deployment)}: ${problem}`);
  });
}

/**
 * @param {Container} container
 * @param {boolean} isFinal
 * @returns {[boolean, string][]}
 */
function containerRules({ name, image = '', securityContext, resources, livenessProbe, readinessProbe, startupProbe, env = [] }, isFinal) {
  const says = (/** @type {string} */ problem) => `container "${name}" ${problem}`;
  const inPlainSight = env.filter(({ name: variable, value }) => value !== undefined && isSecret(variable)).map((each) => each.name);
  return [
    [!isFinal || isPinned(image), says(`has an image without a fixed version: "${image}"`)],
    [securityContext?.allowPrivilegeEscalation === false, says('may escalate privileges')],
    [securityContext?.readOnlyRootFilesystem === true, says('may write to its root file system')],
    [securityContext?.capabilities?.drop?.includes('ALL') === true, says('keeps capabilities')],
    [['cpu', 'memory'].every((kind) => resources?.requests?.[kind] !== undefined), says('requests no processor or memory')],
    [['cpu', 'memory'].every((kind) => resources?.limits?.[kind] !== undefined), says('has no limit of processor or memory')],
    [livenessProbe?.httpGet?.path === '/livez', says('has no liveness probe on /livez')],
    [readinessProbe?.httpGet?.path === '/readyz', says('has no readiness probe on /readyz')],
    [startupProbe !== undefined, says('has no startup probe')],
    [inPlainSight.length === 0, says(`has secrets as plain values: ${inPlainSight.join(', ')}`)],
  ];
}

/** @param {string} variable */
const isSecret = (variable) => /KEY|SECRET|TOKEN|PASSWORD|^REDIS_URL$/.test(variable);
