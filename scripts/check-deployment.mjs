// Checks the deployment files as far as possible without a container engine or a cluster, and names what it could not check.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { composeProblems } from './deployment/compose.mjs';
import { dockerfileProblems } from './deployment/dockerfile.mjs';
import { NO_KUBECTL, render, renderComponents } from './deployment/kustomize.mjs';
import { podProblems } from './deployment/pod-rules.mjs';
import { redisUserProblems } from './deployment/redis-user-rules.mjs';
import { referenceProblems } from './deployment/reference-rules.mjs';
import { isResource, schemaProblems } from './deployment/resources.mjs';
import { routeProblems } from './deployment/route-rules.mjs';
import { unknownFieldProblems } from './deployment/unknown-fields.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @typedef {{ name: string, problems: string[] }} Report */
/** @typedef {{ name: string, documents: unknown[] | undefined, isFinal: boolean }} Rendered */

/** @param {string} folder */
const foldersOf = (folder) =>
  readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

/** Components that no overlay takes, because they stand for another one there. */
const alternatives = ['alb-ingress', 'irsa'];

/** Renders the base, each overlay, and the base with the other components. @returns {Rendered[]} */
const renderAll = () => [
  { name: 'infra/kubernetes/base', documents: render(path.join(root, 'infra/kubernetes/base')), isFinal: false },
  ...foldersOf('infra/kubernetes/overlays').map((name) => ({
    name: `infra/kubernetes/overlays/${name}`,
    documents: render(path.join(root, 'infra/kubernetes/overlays', name)),
    isFinal: true,
  })),
  { name: `infra/kubernetes/components/${alternatives.join('+')}`, documents: renderComponents(root, alternatives), isFinal: false },
  { name: 'infra/monitoring/kubernetes', documents: render(path.join(root, 'infra/monitoring/kubernetes')), isFinal: false },
];

/** @param {Rendered} rendered @returns {Report} */
function checkRendered({ name, documents = [], isFinal }) {
  const resources = documents.filter(isResource);
  const bySchema = documents.flatMap((document) => schemaProblems(document));
  if (bySchema.length > 0) return { name, problems: bySchema };
  // These rules read fields whose types the schemas have checked.
  const problems = [
    ...podProblems(resources, { isFinal }),
    ...referenceProblems(resources),
    ...redisUserProblems(resources),
    ...routeProblems(resources),
  ];
  return { name, problems };
}

const rendered = renderAll();
/** Each document once: overlays share most of them, and the compiler is the slowest part. */
const distinct = [...new Map(rendered.flatMap(({ documents = [] }) => documents).map((each) => [JSON.stringify(each), each])).values()];
const reports = [
  { name: 'Dockerfile', problems: dockerfileProblems(path.join(root, 'Dockerfile')) },
  { name: 'docker-compose.yml', problems: composeProblems(path.join(root, 'docker-compose.yml')) },
  ...rendered.map(checkRendered),
  { name: 'infra/kubernetes', problems: unknownFieldProblems(distinct, root) },
];
for (const { name, problems } of reports) {
  for (const problem of problems) console.log(`${name}: ${problem}`);
}
// One line, which `npm run verify` shows also after a success.
const notChecked = [
  ...(rendered.some(({ documents }) => documents === undefined) ? [NO_KUBECTL] : []),
  'a build of the image and a start of docker-compose.yml, because they need a container engine',
  'what a cluster admits and enforces, because that needs a cluster',
];
console.log(`not checked: ${notChecked.join('; ')}`);
process.exitCode = reports.some(({ problems }) => problems.length > 0) ? 1 : 0;
