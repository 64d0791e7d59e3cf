// Checks the deployment files as far as possible without a container engine or a cluster, and names what it could not check.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { composeProblems } from './deployment/compose.mjs';
import { dockerfileProblems } from './deployment/dockerfile.mjs';
import { render } from './deployment/kustomize.mjs';
import { podProblems } from './deployment/pod-rules.mjs';
import { referenceProblems } from './deployment/reference-rules.mjs';
import { isResource, schemaProblems } from './deployment/resources.mjs';
import { unknownFieldProblems } from './deployment/unknown-fields.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @typedef {{ name: string, problems: string[], notChecked: string[] }} Report */

/**
 * @param {string} folder
 * @param {{ isFinal: boolean }} options
 * @returns {Report}
 */
function checkKubernetes(folder, { isFinal }) {
  const { documents, notChecked } = render(path.join(root, folder));
  const resources = documents.filter(isResource);
  const bySchema = documents.flatMap((document) => schemaProblems(document));
  const problems = [
    ...bySchema,
    ...unknownFieldProblems(documents, root),
    // These rules read fields whose types the schemas have checked.
    ...(bySchema.length > 0
      ? []
      : [...podProblems(resources, { isFinal: isFinal && notChecked.length === 0 }), ...referenceProblems(resources)]),
  ];
  return { name: `${folder} (${documents.length} documents)`, problems, notChecked };
}

/** @returns {Report[]} */
const checkAll = () => [
  {
    name: 'Dockerfile',
    problems: dockerfileProblems(path.join(root, 'Dockerfile')),
    notChecked: ['the image, because a build needs a container engine'],
  },
  {
    name: 'docker-compose.yml',
    problems: composeProblems(path.join(root, 'docker-compose.yml')),
    notChecked: ['a start of the services, because it needs a container engine'],
  },
  checkKubernetes('infra/kubernetes/base', { isFinal: false }),
  checkKubernetes('infra/kubernetes/overlays/example', { isFinal: true }),
  checkKubernetes('infra/monitoring/kubernetes', { isFinal: false }),
  { name: 'Kubernetes', problems: [], notChecked: ['applying the files, because it needs a cluster'] },
];

const reports = checkAll();
for (const { name, problems } of reports) {
  for (const problem of problems) console.log(`${name}: ${problem}`);
}
// One line, which `npm run verify` shows also after a success.
const notChecked = reports.flatMap((report) => report.notChecked);
if (notChecked.length > 0) console.log(`not checked: ${notChecked.join('; ')}`);
process.exitCode = reports.some(({ problems }) => problems.length > 0) ? 1 : 0;
