import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  CorruptRecordError,
  DarkroomError,
  defined,
  EnqueueManyError,
  InvalidRequestError,
  QueueUnavailableError,
  ProblemList,
  type StoredRequest,
} from '@darkroom/contracts';
import type { EnqueueReceipt } from '@darkroom/generation-store';
import type { NumberedSubmission } from '@darkroom/queues';
import { ENTRY_WRITTEN } from './availability.ts';
import { delayOf, enqueuedOf, jobsOf, type Destination, type Enqueued } from './enqueue.ts';
import { withholdProblems, type RuleBook } from './image-rules.ts';
import type { EnqueueManyOptions, EnqueueOptions } from './options.ts';
import { prepareGeneration, readRequest, type PreparedGeneration, type GenerationDefaults } from './prepare-generation.ts';

/**
 * Limits of one chunk: its generations, up to ten images in each call of the script, then the jobs of their images, are each sent at once and
 * answered within the timeout of a command.
 */
const MAX_GENERATIONS = 100;
const MAX_IMAGES = 200;
/** Characters of the requests as text; a request with inline images takes up to a quarter of it. */
const MAX_CHARACTERS = 1024 * 1024;

/** Maximum number of requests of one call. A million requests take a hundred calls, each with an answer about its own. */
const MAX_REQUESTS = 10_000;
/** Requests checked, or prepared, without a pause; then other work of the process gets its turn. */
const AT_ONCE = 100;

/** Returns those options of one request of the batch that are its own. */
const ownOptionsOf = ({ generationIds, idempotencyKeys }: EnqueueManyOptions, index: number): EnqueueOptions =>
  defined({ generationId: generationIds?.[index], idempotencyKey: idempotencyKeys?.[index] });

/** Copies the lists of the options: the caller may change them during the pauses. */
export const withOwnLists = (options: EnqueueManyOptions | undefined): EnqueueManyOptions | undefined => {
  const copyOf = <Value>(list: Value): Value => (Array.isArray(list) && list.length <= MAX_REQUESTS ? ([...list] as Value) : list); // of one type
  return (
    options && {
      ...options,
      ...defined({ generationIds: copyOf(options.generationIds), idempotencyKeys: copyOf(options.idempotencyKeys) }),
    }
  );
};

/**
 * Reads the requests of a batch and appends their problems, each with its index. Checks the shared options once. Pauses for other work
 * of the process.
 * @returns the requests, incomplete if there are problems.
 */
export async function readMany(
  inputs: readonly unknown[],
  options: EnqueueManyOptions,
  defaults: GenerationDefaults,
  rules: RuleBook,
  problems: ProblemList,
): Promise<StoredRequest[]> {
  if (!Array.isArray(inputs)) problems.push({ path: 'requests', message: 'must be an array' });
  else if (inputs.length > MAX_REQUESTS)
    problems.push({ path: 'requests', message: `may hold at most ${MAX_REQUESTS}; call once for each part`, given: `${inputs.length}` });
  if (!Array.isArray(inputs) || inputs.length > MAX_REQUESTS) return [];
  const { generationIds, idempotencyKeys, ...shared } = options;
  readRequest(VALID, shared, defaults, problems);
  for (const [path, list] of Object.entries({ generationIds, idempotencyKeys })) {
    if (list === undefined || (Array.isArray(list) && list.length === inputs.length)) continue;
    const given = Array.isArray(list) ? `${list.length}` : typeof list;
    problems.push({ path: `options.${path}`, message: `must hold one for each of the ${inputs.length} requests`, given });
  }
  const seen = new Set<string>();
  const firstOfKey = new Map<string, number>();
  const requests: StoredRequest[] = [];
  const read: unknown[] = [];
  const partOf = partsOf(problems);
  const ofTenant = { ...defaults, tenant: shared.tenant ?? defaults.tenant };
  // A copy: the caller may change its list during the pauses.
  for (const [index, input] of [...inputs].entries()) {
    if (index > 0 && index % AT_ONCE === 0) await setImmediate();
    const own = ownOptionsOf(options, index);
    const part = partOf(index);
    const request = readRequest(input, own, ofTenant, part);
    part.push(...withholdProblems(request ?? input, shared.withholdFlagged));
    read.push(request ?? input);
    if (request !== undefined) requests.push(request);
    if (own.idempotencyKey !== undefined && own.idempotencyKey !== '') {
      const first = firstOfKey.get(own.idempotencyKey);
      if (first === undefined) firstOfKey.set(own.idempotencyKey, index);
      // Redis would refuse it behind the first one, which it then holds.
      else if (!isDeepStrictEqual(read[first], request ?? input))
        part.push({ path: 'options.idempotencyKey', message: `is the key of another of these requests, requests[${first}]` });
    }
    if (own.generationId === undefined) continue;
    if (seen.has(own.generationId))
      problems.push({ path: `options.generationIds[${index}]`, message: 'is the id of an earlier one of these requests' });
    seen.add(own.generationId);
  }
  if (problems.count > 0) await rules.add(read, shared, partOf);
  return requests;
}

/** Prepares requests without problems, in their order, with pauses for other work of the process. */
export async function prepareMany(
  requests: readonly StoredRequest[],
  options: EnqueueManyOptions,
  defaults: GenerationDefaults,
): Promise<PreparedGeneration[]> {
  const { generationIds: _ids, idempotencyKeys: _keys, ...shared } = options;
  const prepared: PreparedGeneration[] = [];
  for (const [index, request] of requests.entries()) {
    if (index > 0 && index % AT_ONCE === 0) await setImmediate();
    prepared.push(prepareGeneration(request, { ...shared, ...ownOptionsOf(options, index) }, defaults));
  }
  return prepared;
}

const VALID = { positivePrompt: 'x', safety: { checkContent: true } };

/** Returns a function that takes the index of a request in the batch and returns the list of its problems. */
const partsOf =
  (problems: ProblemList) =>
  (index: number): ProblemList =>
    problems.part((path) => pathOfOneOf(path, index));

const pathOfOneOf = (path: string, index: number): string => {
  if (path === 'options.generationId' || path === 'options.idempotencyKey') return `${path}s[${index}]`;
  return path === '' ? `requests[${index}]` : `requests[${index}].${path}`;
};

/**
 * Enqueues prepared generations chunk by chunk; the entries of a chunk are sent while the jobs of the one before are added. After an error no
 * other entry is sent.
 * @throws EnqueueManyError with the state of each generation.
 */
export async function enqueueGenerations(
  destination: Destination,
  prepared: readonly PreparedGeneration[],
  rules: RuleBook,
): Promise<Enqueued[]> {
  const trouble = await findTrouble(prepared, rules);
  const fates: Fate[] = [];
  let adding: Promise<Fate[]> = Promise.resolve([]);
  let hasFailed = trouble !== undefined;
  for (const chunk of chunksOf(prepared)) {
    const [before, entries] = await Promise.all([adding, hasFailed ? chunk.map((): SentEntry => ({})) : sendEntries(destination, chunk)]);
    fates.push(...before);
    hasFailed ||= [...before, ...entries].some(({ cause }) => cause !== undefined);
    adding = addJobs(destination, entries);
  }
  fates.push(...(await adding));
  const generationIds = prepared.map(({ generation }) => generation.generationId);
  const idsOf = (kind: Fate['kind']): string[] => generationIds.filter((_, index) => fates[index]?.kind === kind);
  const cause = trouble ?? fates.find(({ kind }) => kind !== 'written')?.cause;
  if (cause === undefined) return fates.flatMap(({ enqueued }) => enqueued ?? []);
  // A wrong time applies to all: nothing is queued, so the state of each generation is the same.
  if (cause instanceof InvalidRequestError && fates.every(({ kind }) => kind === 'notWritten')) throw cause;
  throw new EnqueueManyError(
    { generationIds, written: idsOf('written'), maybeWritten: idsOf('maybeWritten'), notWritten: idsOf('notWritten') },
    { cause },
  );
}

/**
 * Asks the rules before the first generation is queued: the script of an enqueue would refuse some and take others.
 * @returns the error if Redis does not answer: none is written then. @throws InvalidRequestError
 */
async function findTrouble(prepared: readonly PreparedGeneration[], rules: RuleBook): Promise<DarkroomError | undefined> {
  const problems = new ProblemList();
  const partOf = partsOf(problems);
  const requests = prepared.map(({ generation }) => generation.request);
  try {
    await rules.check(requests, prepared[0]?.generation, partOf);
  } catch (error) {
    return ours(error);
  }
  if (problems.count > 0) throw new InvalidRequestError(problems, { enqueues: true });
  return undefined;
}

/** State of one generation after the call. */
interface Fate {
  kind: 'written' | 'maybeWritten' | 'notWritten';
  enqueued?: Enqueued;
  cause?: DarkroomError;
}

/** Outcome of sending one entry: its receipt or its error. Without either it was not sent. */
interface SentEntry {
  written?: { prepared: PreparedGeneration; receipt: EnqueueReceipt };
  cause?: DarkroomError;
}

/** Sends all entries of a chunk before it awaits the first answer. */
const sendEntries = ({ ask, store }: Destination, chunk: readonly PreparedGeneration[]): Promise<SentEntry[]> =>
  Promise.all(
    chunk.map(async (prepared): Promise<SentEntry> => {
      const { generationId } = prepared.generation;
      try {
        return { written: { prepared, receipt: await ask('enqueue generation', generationId, () => store.enqueue(prepared.generation)) } };
      } catch (error) {
        return { cause: ours(error) };
      }
    }),
  );

/** Adds the jobs of all written entries of a chunk together. */
async function addJobs({ ask, submissions, now }: Destination, entries: readonly SentEntry[]): Promise<Fate[]> {
  const byDelay = new Map<number, NumberedSubmission[]>();
  const at = now();
  for (const { written } of entries) {
    if (written === undefined) continue;
    const delayMs = delayOf(written.receipt, at);
    const refs = byDelay.get(delayMs) ?? [];
    byDelay.set(delayMs, refs);
    refs.push(...jobsOf(written.prepared, written.receipt));
  }
  let jobTrouble: DarkroomError | undefined;
  for (const [delayMs, refs] of byDelay) {
    try {
      await ask('add the jobs of generation', refs[0]?.generationId ?? '', () => submissions.add(refs, delayMs), { after: ENTRY_WRITTEN });
    } catch (error) {
      jobTrouble = ours(error);
    }
  }
  return entries.map(({ written, cause }): Fate => {
    if (written === undefined) return { kind: mayHaveArrived(cause) ? 'maybeWritten' : 'notWritten', ...defined({ cause }) };
    // Enqueueing again adds the missing jobs to the written entry.
    if (jobTrouble !== undefined) return { kind: 'maybeWritten', cause: jobTrouble };
    return { kind: 'written', enqueued: enqueuedOf(written.prepared, written.receipt) };
  });
}

/** A key of another type may have been found after the entry was written. */
const mayHaveArrived = (error: DarkroomError | undefined): boolean =>
  error instanceof CorruptRecordError || (error instanceof QueueUnavailableError && error.reached !== 'no');

/** Narrows an error of `ask`, which throws only DarkroomErrors; any other error is a bug. */
function ours(error: unknown): DarkroomError {
  if (error instanceof DarkroomError) return error;
  throw error;
}

function* chunksOf(all: readonly PreparedGeneration[]): Generator<PreparedGeneration[], void, undefined> {
  let chunk: PreparedGeneration[] = [];
  let [images, characters] = [0, 0];
  for (const each of all) {
    const { request } = each.generation;
    const size = JSON.stringify(request).length;
    const isFull = chunk.length >= MAX_GENERATIONS || images + request.numberResults > MAX_IMAGES || characters + size > MAX_CHARACTERS;
    if (isFull && chunk.length > 0) {
      yield chunk;
      chunk = [];
      [images, characters] = [0, 0];
    }
    chunk.push(each);
    images += request.numberResults;
    characters += size;
  }
  if (chunk.length > 0) yield chunk;
}
