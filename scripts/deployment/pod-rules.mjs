// Checks rules for pods that no schema knows.
import { isPinned } from './images.mjs';
import { nameOf } from './resources.mjs';
import { at, podTemplates } from './select.mjs';

/** @typedef {import('kubernetes-models/v1').IPodSpec} Pod */
/** @typedef {import('kubernetes-models/v1').IContainer} Container */
/** @typedef {import('./resources.mjs').Resource} Resource */
/** @typedef {[boolean, string]} Rule A condition, and the problem where it does not hold. */

/**
 * @param {Resource[]} resources Valid by the schemas of their kinds.
 * @param {{ isFinal: boolean }} options `isFinal` is false for a base whose images an overlay names.
 * @returns {string[]}
 */
export function podProblems(resources, { isFinal }) {
  const covered = new Set(resources.filter(({ kind }) => kind === 'PodDisruptionBudget').map(({ metadata }) => metadata.name));
  return podTemplates(resources).flatMap(({ resource, path }) => {
    const [pod] = /** @type {Pod[]} */ (at(resource, path)); // checked by the schema
    if (pod === undefined) return [`${nameOf(resource)}: has no pod`];
    const all = [...(pod.initContainers ?? []), ...pod.containers];
    /** @type {Rule[]} */
    const rules = [
      [pod.securityContext?.runAsNonRoot === true, 'runs as root'],
      [pod.securityContext?.seccompProfile?.type === 'RuntimeDefault', 'has no seccomp profile'],
      [pod.automountServiceAccountToken === false, 'gets a token of its service account'],
      [(pod.terminationGracePeriodSeconds ?? 0) > 0, 'has no termination grace period of its own'],
      ...all.flatMap((container) => containerRules(container, isFinal)),
      ...(resource.kind === 'Deployment' ? deploymentRules(pod, covered.has(resource.metadata.name)) : []),
      ...(resource.kind === 'StatefulSet' ? pod.containers.flatMap(storeRules) : []),
      ...(resource.kind === 'CronJob' ? jobRules(resource) : []),
    ];
    return rules.filter(([holds]) => !holds).map(([, problem]) => `${nameOf(resource)}: ${problem}`);
  });
}

/**
 * @param {Pod} pod
 * @param {boolean} isCovered
 * @returns {Rule[]}
 */
const deploymentRules = (pod, isCovered) => [
  [(pod.topologySpreadConstraints ?? []).length > 0, 'is not spread over zones and nodes'],
  [isCovered, 'has no PodDisruptionBudget of its name'],
  ...pod.containers.flatMap(({ name, livenessProbe, readinessProbe, startupProbe }) => {
    const says = sayer(name);
    return /** @type {Rule[]} */ ([
      [livenessProbe?.httpGet?.path === '/livez', says('has no liveness probe on /livez')],
      [readinessProbe?.httpGet?.path === '/readyz', says('has no readiness probe on /readyz')],
      [startupProbe !== undefined, says('has no startup probe')],
    ]);
  }),
];

/**
 * @param {Container} container
 * @returns {Rule[]}
 */
const storeRules = ({ name, livenessProbe, readinessProbe, startupProbe }) => [
  [[livenessProbe, readinessProbe, startupProbe].every((probe) => probe !== undefined), sayer(name)('lacks one of its three probes')],
];

/**
 * @param {Resource} job
 * @returns {Rule[]}
 */
const jobRules = (job) => [
  [at(job, ['spec', 'suspend'])[0] === true, 'starts by itself'],
  [at(job, ['spec', 'jobTemplate', 'spec', 'backoffLimit'])[0] === 0, 'is repeated after a failure'],
  [at(job, ['spec', 'jobTemplate', 'spec', 'template', 'spec', 'restartPolicy'])[0] === 'Never', 'is started again after a failure'],
];

/**
 * @param {Container} container
 * @param {boolean} isFinal
 * @returns {Rule[]}
 */
function containerRules({ name, image = '', securityContext, resources, env = [] }, isFinal) {
  const says = sayer(name);
  const inPlainSight = env.filter(({ name: variable, value }) => value !== undefined && isSecret(variable)).map((each) => each.name);
  return [
    [!isFinal || isPinned(image), says(`has an image without a fixed version: "${image}"`)],
    [securityContext?.allowPrivilegeEscalation === false, says('may escalate privileges')],
    [securityContext?.readOnlyRootFilesystem === true, says('may write to its root file system')],
    [securityContext?.capabilities?.drop?.includes('ALL') === true, says('keeps capabilities')],
    [['cpu', 'memory'].every((kind) => resources?.requests?.[kind] !== undefined), says('requests no processor or memory')],
    [['cpu', 'memory'].every((kind) => resources?.limits?.[kind] !== undefined), says('has no limit of processor or memory')],
    [inPlainSight.length === 0, says(`has secrets as plain values: ${inPlainSight.join(', ')}`)],
  ];
}

/** @param {string} container @returns {(problem: string) => string} */
const sayer = (container) => (problem) => `container "${container}" ${problem}`;

/** @param {string} variable */
const isSecret = (variable) => /KEY|SECRET|TOKEN|PASSWORD|^REDIS_URL$/.test(variable);
