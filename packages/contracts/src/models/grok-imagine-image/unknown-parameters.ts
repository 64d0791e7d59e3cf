import { findMeant } from '../../did-you-mean.ts';
import { describeKind } from '../given.ts';
import { shortenPath, type Reading } from '../reading.ts';
import { parameters } from './page.ts';

/** Parameters of Runware's other image models (Runware docs, image-inference/api-reference) that this model does not take. */
export const foreignParameters = [
  'CFGScale',
  'acceleratorOptions',
  'acePlusPlus',
  'advancedFeatures',
  'clipSkip',
  'controlNet',
  'embeddings',
  'ipAdapters',
  'layerDiffuse',
  'lora',
  'maskImage',
  'maskMargin',
  'negativePrompt',
  'outpaint',
  'promptWeighting',
  'providerSettings',
  'puLID',
  'refiner',
  'scheduler',
  'seed',
  'seedImage',
  'settings',
  'steps',
  'strength',
  'ultralytics',
  'vae',
] as const;

/** Names that other models or APIs give to a parameter of this model. */
const otherNames = new Map([
  ['prompt', 'positivePrompt'],
  ['checknsfw', 'safety.checkContent'],
  ['inputimage', 'inputs.referenceImages'],
  ['image', 'inputs.referenceImages'],
  ['images', 'inputs.referenceImages'],
  ['n', 'numberResults'],
  ['format', 'outputFormat'],
  ['quality', 'outputQuality'],
  ['size', 'width'],
  ['aspectratio', 'width'],
]);

/** Options of an enqueue, which newcomers put into the request. A test of the producer compares them. */
const callOptions: readonly string[] = [
  'generationId',
  'idempotencyKey',
  'deadlineAt',
  'runAt',
  'tags',
  'metadata',
  'priority',
  'withholdFlagged',
  'traceparent',
  'webhookEvents',
  'tenant',
];

/** Parameters that Darkroom sets itself when it buys; a caller may give all others. */
export const ownedParameters = ['webhookURL', 'uploadEndpoint'] as const;
const offered = Object.keys(parameters).filter((path) => !isOneOf(ownedParameters, path));

/** Refuses every field that the page does not have. Never repeats a value, because an unknown field may hold a secret. */
export function refuseUnknownParameters({ fields, problems }: Reading): void {
  for (const [path, value] of fields) {
    // Parsing moves `taskUUID` to `clientReference`.
    if (Object.hasOwn(parameters, path) || path === 'clientReference') continue;
    problems.push(() => ({ path: shortenPath(path), message: messageOf(path), given: describeKind(value) }));
  }
}

function messageOf(path: string): string {
  if (callOptions.includes(path)) return 'is not a parameter of this model: the library takes it as an option, beside the request';
  const name = path.slice(path.indexOf('.') + 1);
  const meant = otherNames.get(name.toLowerCase()) ?? findMeant(path, [...offered, ...foreignParameters]);
  if (meant === 'seed') return 'this model has no seed parameter: each result gets its own seed, which the response reports';
  if (isOneOf(foreignParameters, meant)) return `this model has no ${meant}`;
  if (meant !== undefined) return `is not a parameter of this model (did you mean "${meant}"?)`;
  const group = path.slice(0, path.length - name.length);
  const siblings = offered.filter((known) => known.startsWith(group));
  return `is not a parameter of this model; allowed are ${siblings.join(', ')}`;
}

function isOneOf(values: readonly string[], value: string | undefined): boolean {
  return value !== undefined && values.includes(value);
}
