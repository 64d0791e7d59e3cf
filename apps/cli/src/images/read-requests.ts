import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  defined,
  describeGiven,
  InvalidRequestError,
  metadataProblems,
  priorityProblems,
  ProblemList,
  tagsProblems,
  type Problem,
  type RequestInput,
} from '@darkroom/contracts';
import type { EnqueueOptions } from '@darkroom/producer';
import { eachOf } from '@darkroom/producer/shared';
import type { ClientProducer } from './client.ts';
import { readFile } from './read-file.ts';

/** A request to make images, with the options of its enqueue. */
export interface Order {
  readonly request: RequestInput;
  readonly options: EnqueueOptions;
  /** Stands for it on the screen. */
  readonly title: string;
}

/** Fields of a line that are options of the enqueue; all others are the request. */
const optionNames = ['idempotencyKey', 'tags', 'metadata', 'priority'] as const;

/** Checks side by side: those of a model of a later version are calls of the API. */
const CHECKS = 16;

/**
 * Reads a file of requests, one a line as JSON, and checks each by the model that it names. A line without a key of its own gets one that
 * follows from its text and its place among equal lines, so that the file read again finds what it enqueued before, also after lines were added,
 * moved or removed.
 * @param again Name of a further run over the same lines.
 * @throws InvalidRequestError with the problems of all lines, or if the file cannot be read.
 */
export async function readRequests(
  file: string,
  again: string | undefined,
  { requestProblems }: Pick<ClientProducer, 'requestProblems'>,
): Promise<Order[]> {
  const text = readFile(file, '--from').toString('utf8');
  const keyOf = createLineKeys(again ?? '');
  const problems = new ProblemList();
  const lines = text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [{ line, name: `line ${index + 1}` }]));
  const read = await eachOf(lines, CHECKS, async ({ line, name }): Promise<ReadLine> => {
    const key = keyOf(line);
    const fields = parseLine(line);
    if (fields === undefined)
      return { name, problems: [{ path: name, message: 'must be a request as JSON, such as {"positivePrompt":"a red door"}' }] };
    const options = Object.fromEntries(optionNames.flatMap((each) => (Object.hasOwn(fields, each) ? [[each, fields[each]]] : [])));
    const request = Object.fromEntries(Object.entries(fields).filter(([each]) => !Object.hasOwn(options, each)));
    const problems = [...(await requestProblems(request)), ...optionProblems(options)];
    const title = titleOf(request['positivePrompt'] ?? name);
    return {
      name,
      problems: problems.map((problem) => ({ ...problem, path: `${name}: ${problem.path}` })),
      // of a model that took it just above
      order: { request: request as unknown as RequestInput, options: { idempotencyKey: key, ...options }, title },
    };
  });
  if (read.length === 0) problems.push({ path: 'file', message: 'holds no request' });
  for (const each of [...read, { problems: keyProblems(read) }]) problems.push(...each.problems);
  if (problems.count > 0) throw new InvalidRequestError(problems);
  return read.flatMap(({ order }) => order ?? []);
}

interface ReadLine {
  readonly name: string;
  readonly problems: readonly Problem[];
  readonly order?: Order;
}

/** Returns a problem for each line whose key is that of an earlier line with another request: the second would be refused amid the file. */
function keyProblems(lines: readonly ReadLine[]): Problem[] {
  const firstOf = new Map<string, ReadLine>();
  return lines.flatMap((line) => {
    const key = line.order?.options.idempotencyKey;
    if (typeof key !== 'string') return [];
    const first = firstOf.get(key) ?? line;
    firstOf.set(key, first);
    return isDeepStrictEqual(first.order?.request, line.order?.request)
      ? []
      : [
          {
            path: `${line.name}: idempotencyKey`,
            message: `is that of ${first.name}, which is another request`,
            given: describeGiven(key),
          },
        ];
  });
}

/** Makes the keys of lines: equal lines are told apart by their number among each other. */
function createLineKeys(again: string): (line: string) => string {
  const seen = new Map<string, number>();
  return (line) => {
    const digest = createHash('sha256').update(`${again}\0${line.trim()}`).digest('hex').slice(0, 32);
    const number = (seen.get(digest) ?? 0) + 1;
    seen.set(digest, number);
    return `line-${digest}-${number}`;
  };
}

/** Returns the problems of the options of a line: found at its enqueue they would leave the lines before it queued. */
const optionProblems = ({ tags, metadata, priority, idempotencyKey }: Readonly<Record<string, unknown>>): Problem[] => [
  ...(tags === undefined ? [] : tagsProblems('tags', tags)),
  ...(metadata === undefined ? [] : metadataProblems('metadata', metadata)),
  ...(priority === undefined ? [] : priorityProblems('priority', priority)),
  ...(idempotencyKey === undefined || isKey(idempotencyKey)
    ? []
    : [{ path: 'idempotencyKey', message: 'must be a text of 1 to 256 characters, not all of them blanks, none a control character' }]),
];

const isKey = (key: unknown): boolean =>
  typeof key === 'string' && key.length <= 256 && /\S/.test(key) && !/[\p{Surrogate}\p{Cc}]/u.test(key);

function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    // an object that JSON.parse made has no other kind of key
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const TITLE_LENGTH = 40;

/** Cuts a prompt for the screen of its own caller. */
export const titleOf = (prompt: unknown): string => {
  const words = String(prompt).replaceAll(/\s+/g, ' ');
  return words.length > TITLE_LENGTH ? `${words.slice(0, TITLE_LENGTH - 1)}…` : words;
};

/** Values of the options that describe images. */
export interface RequestValues {
  readonly prompt: string | undefined;
  readonly size: { readonly width: number; readonly height: number } | undefined;
  readonly number: number;
  readonly format: 'JPG' | 'PNG' | 'WEBP' | undefined;
}

/** Builds the request of the options. @param references Reference images as the library takes them. */
export function buildRequest({ prompt = '', size, number, format }: RequestValues, references: readonly string[]): RequestInput {
  const request = {
    positivePrompt: prompt,
    numberResults: number,
    ...defined({ outputFormat: format }),
    ...(references.length > 0 && { inputs: { referenceImages: [...references] } }),
  };
  // The library checks that the model has this size.
  return size === undefined ? request : ({ ...request, ...size } as RequestInput);
}
