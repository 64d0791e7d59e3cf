import { knownModels, type ErrorCode, type Models } from '@darkroom/contracts';
import { statusOf } from '../answers/statuses.ts';
import type { QueryParameter } from '../requests/read-query.ts';
import { inputTypes } from '../routes/images.ts';
import { commonErrors, pathParameters, type AnswerSpec, type Route } from '../routes/route.ts';
import { buildComponents } from './schemas.ts';
import type { JsonSchema } from './request-schema.ts';

const jsonErrors: readonly ErrorCode[] = ['api.malformed', 'api.too-large', 'api.unsupported-media-type'];

/** Returns all codes of errors that a route may answer with. */
export const errorsOf = (route: Route): readonly ErrorCode[] => [
  ...new Set<ErrorCode>([...commonErrors, ...(route.method === 'GET' ? ['api.malformed' as const] : jsonErrors), ...route.errors]),
];

/** Builds the OpenAPI document (3.1) from the table of routes. @param models Models whose requests the API takes. */
export function buildDocument(routes: readonly Route[], version: string, models: Models = knownModels): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  const tags = [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name, description: tagWords[name] }));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Darkroom',
      version,
      description:
        'A durable queue for AI image generation. Money is decimal text, times are ISO 8601. Errors are `application/problem+json` with a stable `code`. Fields may be added at any time; readers ignore what they do not know.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'This server.' }],
    security: [{ key: [] }],
    tags,
    paths,
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An API key, `dk_<environment>_…`.' },
        readToken: { type: 'apiKey', in: 'query', name: 'token', description: 'A read token of the generation, `drt_…`.' },
      },
      headers: {
        RateLimit: {
          description: 'Requests that the key has left (`r`), and seconds until it has all again (`t`). The draft may change it.',
          schema: { type: 'string' },
          example: '"key";r=2999;t=60',
        },
        'RateLimit-Policy': {
          description: 'Requests that the key may make (`q`) in so many seconds (`w`). The draft may change it.',
          schema: { type: 'string' },
          example: '"key";q=3000;w=60',
        },
      },
      schemas: buildComponents(models),
    },
  };
}

const tagWords: Readonly<Record<Route['tag'], string>> = {
  Generations: 'Enqueue, read, list, cancel and retry.',
  Images: 'Images that were made, and those to start from.',
  Events: 'Server-sent events.',
  Erasure: 'Erase what a generation holds.',
  Webhooks: 'Receivers of notifications, and what was sent to them.',
  Money: 'Prices, spend and caps.',
};

function operationOf(route: Route): JsonSchema {
  const { operationId, tag, summary, description, scope, body } = route;
  return {
    operationId,
    tags: [tag],
    summary,
    description: `${description === undefined ? '' : `${description} `}Scope: \`${scope}\`.`,
    ...(route.takesToken === true && { security: [{ key: [] }, { readToken: [] }] }),
    ...parametersOf(route),
    ...(body !== undefined && { requestBody: requestBodyOf(body) }),
    responses: {
      ...Object.fromEntries(Object.entries(route.answers).map(([status, answer]) => [status, responseOf(answer)])),
      ...problemsOf(route),
    },
  };
}

function parametersOf({ path, query = {}, headers = {} }: Route): JsonSchema {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: pathParameters[name]?.description,
    schema: { type: 'string' },
    example: pathParameters[name]?.example,
  }));
  const inQuery = Object.entries(query).map(([name, parameter]) => ({
    name,
    in: 'query',
    description: parameter.description,
    ...(parameter.kind === 'words' && { explode: false }),
    ...(parameter.kind === 'pairs' && { style: 'deepObject', explode: true }),
    schema: querySchemaOf(parameter),
  }));
  const inHeader = Object.entries(headers).map(([name, { description, example }]) => ({
    name,
    in: 'header',
    description,
    schema: { type: 'string' },
    example,
  }));
  const all = [...inPath, ...inQuery, ...inHeader];
  return all.length === 0 ? {} : { parameters: all };
}

function querySchemaOf(parameter: QueryParameter): JsonSchema {
  switch (parameter.kind) {
    case 'text':
      return { type: 'string' };
    case 'time':
      return { type: 'string', format: 'date-time' };
    case 'whole':
      return {
        type: 'integer',
        minimum: parameter.min,
        maximum: parameter.max,
        ...(parameter.default !== undefined && { default: parameter.default }),
      };
    case 'flag':
      return { type: 'boolean', default: false };
    case 'words':
      return { type: 'array', items: { type: 'string', enum: [...parameter.words] } };
    case 'pairs':
      return { type: 'object', additionalProperties: { type: 'string' } };
    default:
      return parameter satisfies never;
  }
}

function requestBodyOf(body: NonNullable<Route['body']>): JsonSchema {
  if (body.kind === 'bytes') {
    const content = Object.fromEntries(inputTypes.map((type) => [type, { schema: { type: 'string', format: 'binary' } }]));
    return { required: true, content };
  }
  return { required: body.isRequired, content: { 'application/json': { schema: { $ref: `#/components/schemas/${body.schema}` } } } };
}

function responseOf({ description, schema, isStream, headers = {} }: AnswerSpec): JsonSchema {
  return {
    description,
    headers: {
      ...Object.fromEntries(Object.entries(headers).map(([name, words]) => [name, { description: words, schema: { type: 'string' } }])),
      ...rateHeaders,
    },
    ...(schema !== undefined && { content: contentOf({ $ref: `#/components/schemas/${schema}` }, isStream) }),
  };
}

/** Headers of each answer that the limit of the key has counted. */
const rateHeaders = Object.fromEntries(['RateLimit', 'RateLimit-Policy'].map((name) => [name, { $ref: `#/components/headers/${name}` }]));

/** A stream is a text, whose events have data of that schema (JSON Schema 2020-12, "contentSchema"). */
const contentOf = (schema: JsonSchema, isStream = false): JsonSchema =>
  isStream
    ? { 'text/event-stream': { schema: { type: 'string', contentMediaType: 'application/json', contentSchema: schema } } }
    : { 'application/json': { schema } };

/** Returns an answer for each status of its errors, which names their codes. */
function problemsOf(route: Route): JsonSchema {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errorsOf(route)) byStatus.set(statusOf(code), [...(byStatus.get(statusOf(code)) ?? []), code]);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: codes.map((code) => `\`${code}\``).join(', '),
        ...(status === 429 && { headers: rateHeaders }),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}
