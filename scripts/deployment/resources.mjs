// Checks Kubernetes documents against the models of their kinds.
import * as externalSecrets from '@kubernetes-models/external-secrets/external-secrets.io/v1';
import * as gatewayApi from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1';
import * as keda from '@kubernetes-models/keda/keda.sh/v1alpha1';
import * as prometheusOperator from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import * as apps from 'kubernetes-models/apps/v1';
import * as batch from 'kubernetes-models/batch/v1';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as core from 'kubernetes-models/v1';
import { awsModels } from './aws-models.mjs';
import { isMap } from './documents.mjs';

/** @typedef {{ apiVersion: string, kind: string, metadata: { name: string, namespace?: string } }} Resource */
/** @typedef {new (data: Resource) => { validate(): void }} Model */

/** Models by apiVersion: the module of the types, if there is one, and its exports by kind. */
const modules = new Map([
  ['v1', { module: 'kubernetes-models/v1', models: core }],
  ['apps/v1', { module: 'kubernetes-models/apps/v1', models: apps }],
  ['batch/v1', { module: 'kubernetes-models/batch/v1', models: batch }],
  ['policy/v1', { module: 'kubernetes-models/policy/v1', models: policy }],
  ['networking.k8s.io/v1', { module: 'kubernetes-models/networking.k8s.io/v1', models: networking }],
  ['gateway.networking.k8s.io/v1', { module: '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1', models: gatewayApi }],
  // Its schemas refuse unknown fields by themselves.
  ['gateway.k8s.aws/v1beta1', { module: undefined, models: awsModels }],
  ['keda.sh/v1alpha1', { module: '@kubernetes-models/keda/keda.sh/v1alpha1', models: keda }],
  ['monitoring.coreos.com/v1', { module: '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1', models: prometheusOperator }],
  ['external-secrets.io/v1', { module: '@kubernetes-models/external-secrets/external-secrets.io/v1', models: externalSecrets }],
]);

/**
 * @param {unknown} document
 * @returns {document is Resource}
 */
export const isResource = (document) =>
  isMap(document) &&
  typeof document['apiVersion'] === 'string' &&
  typeof document['kind'] === 'string' &&
  isMap(document['metadata']) &&
  typeof document['metadata']['name'] === 'string';

/** @param {Resource} resource */
export const nameOf = ({ kind, metadata }) => `${kind} "${metadata.name}"`;

/**
 * Returns the module of a resource's types, such as "kubernetes-models/apps/v1".
 * @param {Resource} resource
 */
export const typesOf = ({ apiVersion }) => modules.get(apiVersion)?.module;

/**
 * Returns the problems of a resource by the published schema of its kind: types, ranges, required and enumerated fields.
 * @param {unknown} document
 * @returns {string[]}
 */
export function schemaProblems(document) {
  if (!isResource(document)) return ['a document has no apiVersion, kind or name'];
  /** @type {Record<string, unknown> | undefined} */
  const models = modules.get(document.apiVersion)?.models;
  const model = models?.[document.kind];
  if (typeof model !== 'function') return [`${nameOf(document)}: there is no schema for ${document.apiVersion}`];
  try {
    // An export of these packages with the name of a kind is the class of that kind.
    new /** @type {Model} */ (model)(document).validate();
    return [];
  } catch (error) {
    return [`${nameOf(document)}: ${error instanceof Error ? error.message : String(error)}`];
  }
}
