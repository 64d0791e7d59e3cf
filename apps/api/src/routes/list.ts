import { createHash } from 'node:crypto';
import { defined, generationStatuses, InvalidRequestError } from '@darkroom/contracts';
import type { ListOptions } from '@darkroom/producer';
import { summaryJson } from '../answers/generation-json.ts';
import type { Query, QueryValues } from '../requests/read-query.ts';
import type { Route } from './route.ts';

const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 50;

const query: Query = {
  status: { kind: 'words', words: generationStatuses, description: 'One status, or several with commas between them.' },
  tag: { kind: 'text', description: 'One of its tags.' },
  metadata: { kind: 'pairs', description: 'Pairs that its metadata holds: `metadata[team]=blue`. Pages may be short.' },
  code: { kind: 'text', description: 'Code of an image that did not succeed, such as `provider.refused`.' },
  createdFrom: { kind: 'time', description: 'Enqueued at this time or later.' },
  createdBefore: { kind: 'time', description: 'Enqueued before this time.' },
  finishedFrom: { kind: 'time', description: 'Final at this time or later. With it the list is in the order of the ends.' },
  finishedBefore: { kind: 'time', description: 'Final before this time.' },
  idempotencyKey: { kind: 'text', description: 'The generation of this idempotency key. Allows no other filter.' },
  limit: { kind: 'whole', min: 1, max: MAX_LIMIT, default: DEFAULT_LIMIT, description: 'Most generations of a page.' },
  cursor: { kind: 'text', description: '`next` of the page before, with the same filters.' },
};

/** Names the filters of a list in its cursors: a cursor of another list would skip generations. */
const digestOf = ({ cursor: _cursor, limit: _limit, ...filters }: QueryValues): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(filters).toSorted(([a], [b]) => (a < b ? -1 : 1))))
    .digest('base64url')
    .slice(0, 8);

const writeCursor = (cursor: string, values: QueryValues): string => Buffer.from(`${digestOf(values)}.${cursor}`).toString('base64url');

function readCursor(values: QueryValues): string | undefined {
  const { cursor } = values;
  if (typeof cursor !== 'string') return undefined;
  const [digest, place] = Buffer.from(cursor, 'base64url').toString().split('.', 2);
  if (digest === digestOf(values) && place !== undefined) return place;
  throw new InvalidRequestError([{ path: 'cursor', message: 'must be `next` of a page with the same filters' }]);
}

export const listRoute: Route = {
  method: 'GET',
  path: '/v1/generations',
  operationId: 'listGenerations',
  tag: 'Generations',
  summary: 'Lists generations, the newest first.',
  description:
    'Lists what Redis holds: open generations, and final ones for the days of their retention. A page may hold fewer than `limit`, even none, and have a next one.',
  scope: 'read',
  query,
  answers: {
    200: {
      description: 'A page.',
      schema: 'GenerationList',
      headers: { Link: 'With `rel="next"` the address of the next page; absent after the last one.' },
    },
  },
  errors: [],
  async run({ producer, query: values }) {
    const { idempotencyKey, ...filters } = values;
    if (typeof idempotencyKey === 'string') {
      const others = Object.keys(filters).map((path) => ({
        path,
        message: 'is not taken with idempotencyKey, which names one generation',
      }));
      if (others.length > 0) throw new InvalidRequestError(others);
      const found = await producer.findByIdempotencyKey(idempotencyKey);
      if (found === undefined) return { status: 200, body: { data: [], next: null } };
      const { request: _request, reservedUsd: _reserved, replaces: _replaces, queue: _queue, images, ...summary } = found;
      const codes = [...new Set(images.flatMap(({ fault }) => (fault === undefined ? [] : [fault.code])))];
      return { status: 200, body: { data: [summaryJson({ ...summary, images: images.map(({ status }) => status), codes })], next: null } };
    }
    const options = { limit: DEFAULT_LIMIT, ...filters, ...defined({ cursor: readCursor(values) }) } as ListOptions; // typed by `query`
    const { generations, nextCursor } = await producer.list(options);
    const next = nextCursor === undefined ? null : writeCursor(nextCursor, values);
    return {
      status: 200,
      headers: { 'cache-control': 'private, no-cache', ...(next !== null && { link: `<${addressOf(values, next)}>; rel="next"` }) },
      body: { data: generations.map(summaryJson), next },
    };
  },
};

function addressOf(values: QueryValues, cursor: string): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...values, cursor })) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      for (const [key, text] of Object.entries(value)) query.set(`${name}[${key}]`, String(text));
    else if (typeof value === 'number' && name !== 'limit') query.set(name, new Date(value).toISOString());
    else query.set(name, String(value));
  }
  return `/v1/generations?${query.toString()}`;
}
