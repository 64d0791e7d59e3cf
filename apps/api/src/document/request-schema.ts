import { exampleRequests, notificationTypes, parameters, priorities, sizes, type Models, type ParameterPath } from '@darkroom/contracts';

export interface JsonSchema {
  [word: string]: unknown;
}

/** Parameters of the page that the door does not take, or that mean nothing here. */
const left: ReadonlySet<string> = new Set<ParameterPath>(['webhookURL', 'uploadEndpoint', 'deliveryMethod']);

/**
 * Builds the schema of a request: that of the first model from the data of its page, and of further models the name alone. The check itself is
 * the library's.
 * @param options Adds its options.
 */
export function requestSchema({ ids: [, ...others] }: Models, options?: 'one' | 'batch'): JsonSchema {
  if (options === 'batch') return batchSchema();
  const first = firstModelSchema(options);
  if (others.length === 0) return first;
  const another = {
    type: 'object',
    description: 'A request to another model, in the words of its page.',
    properties: { model: { type: 'string', enum: others }, ...(options === 'one' && { generationId: id, ...shared }) },
    required: ['model'],
  };
  return { anyOf: [first, another] };
}

function firstModelSchema(options: 'one' | undefined): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  for (const [path, parameter] of Object.entries(parameters)) {
    if (left.has(path)) continue;
    const [group = '', name] = path.split('.');
    if (name === undefined) properties[group] = schemaOf(path, parameter);
    else {
      properties[group] ??= { type: 'object', properties: {}, additionalProperties: false };
      (properties[group]['properties'] as Record<string, JsonSchema>)[name] = schemaOf(path, parameter);
    }
  }
  return {
    type: 'object',
    description: 'A request to the model, in the words of its page. Width and height stand together, or `resolution` alone.',
    properties: { ...properties, ...(options === 'one' && { generationId: id, ...shared }) },
    required: ['positivePrompt'],
    additionalProperties: false,
    examples: exampleRequests.slice(0, 1).map(({ request }) => request),
  };
}

const id: JsonSchema = { type: 'string', description: 'Your own id, a UUIDv7. If you enqueue it again, nothing changes.' };
const moment: JsonSchema = { type: 'string', format: 'date-time' };
const shared: Record<string, JsonSchema> = {
  deadlineAt: { ...moment, description: 'Time after which nothing more is bought.' },
  runAt: { ...moment, description: 'Earliest time of purchase, in the next 30 days. The money is held only then.' },
  tags: {
    type: 'array',
    maxItems: 5,
    items: { type: 'string', minLength: 1, maxLength: 64 },
    description: 'Your own words, by which lists find it.',
  },
  metadata: {
    type: 'object',
    maxProperties: 10,
    additionalProperties: { type: 'string' },
    description: 'Your own pairs, at most 1,024 bytes together.',
  },
  priority: { type: 'string', enum: [...priorities], default: 'normal', description: 'Urgency among the generations of the same tenant.' },
  withholdFlagged: {
    type: 'boolean',
    default: false,
    description: 'Images that the content check does not clear stay unseen until an operator releases them.',
  },
  webhookURL: {
    type: 'string',
    format: 'uri',
    description: 'A receiver that is told of the end: https, on the public internet. Kept as a secret, and erased with the request.',
  },
  webhookEvents: {
    type: 'array',
    items: { type: 'string', enum: [...notificationTypes] },
    description: 'Kinds of notifications that `webhookURL` gets; the five ends of a generation when absent.',
  },
};

function batchSchema(): JsonSchema {
  const list = (description: string): JsonSchema => ({ type: 'array', items: { type: 'string' }, description });
  return {
    type: 'object',
    properties: {
      requests: { type: 'array', minItems: 1, maxItems: 10_000, items: { $ref: '#/components/schemas/QuoteRequest' } },
      generationIds: list('Your own ids, one for each request.'),
      idempotencyKeys: list('Your own keys, one for each request.'),
      ...shared,
    },
    required: ['requests'],
    additionalProperties: false,
  };
}

const words: Readonly<Record<string, string>> = {
  positivePrompt: 'The prompt.',
  numberResults: 'Number of images, each with its own seed.',
  outputType: 'Form of the result in the words of the page; the door gives addresses.',
  ttl: 'Lifetime in seconds of the address of an image; S3 ends it after seven days.',
  taskUUID: 'Your own id of the task, a UUID v4; kept as `clientReference`.',
  width: `In pixels. Sizes: ${sizes.map(({ width, height }) => `${width}x${height}`).join(', ')}.`,
  height: 'In pixels, together with `width`.',
  'inputs.referenceImages': 'Images to start from: an address, an image UUID, base64, a data URI, or an answer of `POST /v1/inputs`.',
};

function schemaOf(path: string, parameter: (typeof parameters)[ParameterPath]): JsonSchema {
  const description = words[path];
  return { ...typeOf(parameter), ...(description !== undefined && { description }) };
}

function typeOf(parameter: (typeof parameters)[ParameterPath]): JsonSchema {
  switch (parameter.type) {
    case 'fixed':
      return { type: 'string', const: parameter.value };
    case 'choice':
      return { type: 'string', enum: [...parameter.values], ...('default' in parameter && { default: parameter.default }) };
    case 'integer':
      return {
        type: 'integer',
        ...('min' in parameter && { minimum: parameter.min }),
        ...('max' in parameter && { maximum: parameter.max }),
        ...('default' in parameter && { default: parameter.default }),
      };
    case 'boolean':
      return { type: 'boolean', default: parameter.default };
    case 'text':
      return { type: 'string', minLength: parameter.minLength };
    case 'uuid-v4':
      return { type: 'string', format: 'uuid' };
    case 'url':
      return { type: 'string', format: 'uri' };
    case 'image-list':
      return { type: 'array', items: { type: 'string' } };
    default:
      return parameter satisfies never;
  }
}
