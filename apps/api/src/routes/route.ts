import type { IncomingHttpHeaders } from 'node:http';
import type { ApiScope, ErrorCode } from '@darkroom/contracts';
import type { Producer, WebhookEndpoints } from '@darkroom/producer';
import type { Images } from '@darkroom/producer/images';
import type { SharedProducers } from '@darkroom/producer/shared';
import type { FastifyReply } from 'fastify';
import type { Answer } from '../answers/answer.ts';
import type { SchemaName } from '../document/schemas.ts';
import type { Query, QueryValues } from '../requests/read-query.ts';
import type { EventFeed } from '../streams/event-feed.ts';
import type { Streams } from '../streams/streams.ts';

/** Everything that routes work with. */
export interface RouteParts {
  producers: Pick<SharedProducers, 'of' | 'endpointsOf'>;
  images: Images;
  feed: EventFeed;
  streams: Streams;
  /** Returns Redis time, in milliseconds since 1970. */
  readTime: () => Promise<number>;
  /** Aborted when the process stops. */
  stopping: AbortSignal;
}

/** A request whose key was accepted. */
export interface Call extends RouteParts {
  tenant: string;
  keyId: string;
  /** SHA-256 of the key, as Redis has it. */
  keyHash: string;
  requestId: string;
  /** The producer of the tenant, which sees that tenant alone. */
  producer: Producer;
  /** Webhook endpoints and notifications of the tenant. */
  endpoints: WebhookEndpoints;
  params: Readonly<Record<string, string>>;
  query: QueryValues;
  headers: IncomingHttpHeaders;
  /** Parsed JSON, or bytes. */
  body: unknown;
  /** Aborted when the caller disconnects or the process stops. */
  signal: AbortSignal;
  reply: FastifyReply;
}

/** One possible answer of a route. */
export interface AnswerSpec {
  description: string;
  /** Absent for an answer without a body. */
  schema?: SchemaName;
  /** Set for a stream of events, whose data have the schema. */
  isStream?: true;
  headers?: Readonly<Record<string, string>>;
}

export interface HeaderSpec {
  description: string;
  example: string;
}

/** A route of the API. From these follow the server, the OpenAPI document and the tests that each route passes. */
export interface Route {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With parameters in braces. */
  path: string;
  operationId: string;
  tag: 'Generations' | 'Images' | 'Events' | 'Erasure' | 'Webhooks' | 'Money';
  summary: string;
  description?: string;
  /** Scope that the key must have. */
  scope: ApiScope;
  /** Set if a read token of its generation opens it, too. */
  takesToken?: true;
  query?: Query;
  headers?: Readonly<Record<string, HeaderSpec>>;
  /** Absent for a route that takes no body. */
  body?: { kind: 'json'; schema: SchemaName; isRequired: boolean } | { kind: 'bytes' };
  answers: Readonly<Record<number, AnswerSpec>>;
  /** Codes of the errors that it may answer with, beside those of every route. */
  errors: readonly ErrorCode[];
  run(call: Call): Promise<Answer>;
}

/** Parameters of paths. */
export const pathParameters: Readonly<Record<string, { description: string; example: string }>> = {
  id: { description: 'Id of a generation, a UUIDv7.', example: '019a8c5e-7c4b-7d3e-9a51-3f1b2c4d5e6f' },
  endpointId: { description: 'Id of a webhook endpoint.', example: 'we_0f3c5a7d9e1b2c4d6f8091a2b3c4d5e6' },
  notificationId: {
    description: 'Id of a notification: the id of its event and that of its endpoint.',
    example: '019a8c5e-7c4b-7d3e-9a51-3f1b2c4d5e6f-succeeded_we_0f3c5a7d9e1b2c4d6f8091a2b3c4d5e6',
  },
  index: { description: 'Place of an image in its generation, from 0.', example: '0' },
};

/** Codes of every route with a key. */
export const commonErrors: readonly ErrorCode[] = [
  'api.unauthenticated',
  'api.forbidden',
  'request.invalid',
  'api.too-many-requests',
  'api.failed',
  'service.stopping',
  'queue.unavailable',
  'store.not-initialised',
  'store.newer-format',
];
/** Codes of a call that enqueues. */
export const enqueueErrors: readonly ErrorCode[] = [
  'spend.cap-reached',
  'queue.full',
  'request.conflict',
  'request.key-reused',
  'generation.erased',
  'request.id-out-of-time',
];
