import {
  defined,
  checksContent,
  GENERATION_ID_AHEAD_MS,
  GENERATION_ID_MAX_AGE_MS,
  GenerationError,
  generationIdTime,
  InvalidRequestError,
  isFinalGeneration,
  MAX_CLOCK_SKEW_MS,
  parseUsd,
  type GenerationStatus,
  type GenerationView,
  type ImageView,
} from '@darkroom/contracts';
import {
  erasedError,
  imageRuleNames,
  MAX_RUN_AHEAD_DAYS,
  receiptOf,
  retryReceiptOf,
  type EnqueueReceipt,
  type EnqueueReply,
  type ImageRules,
  type NewGeneration,
} from '@darkroom/generation-store';
import type { ProducerParts } from '../build-producer.ts';
import { listViews } from './list-views.ts';
import { createMemoryErasures } from './memory-erasures.ts';
import type { MemoryImages } from './memory-images.ts';
import type { Fail, Outcome, Succeed } from './outcomes.ts';
import { beginImage, cancelImage, endImage, isWithheld, viewOf, type Entry } from './memory-entry.ts';
import { memorySpend } from './memory-spend.ts';
import { createMemoryRetries } from './memory-retry.ts';
import { timelinesOf } from './memory-timeline.ts';

const DAY_MS = 86_400_000;
/** Cap that a scripted refusal names. */
const CAP_USD = '25';
/** Bound that a scripted refusal names; more than a generation has images. */
const MOST_OPEN = 100;

/** Redis of a testing producer, and the worker that would change it. */
export interface MemoryStore {
  readonly store: ProducerParts['store'];
  /** Every generation, in the order of the enqueues. */
  views(): GenerationView[];
  /** Ends the open images of a generation: by the outcome, or else by the one that its enqueue took. */
  finish(generationId: string, outcome: Outcome | undefined): void;
  /** Lets a withheld image be seen. */
  release(generationId: string, index: number): void;
}

/** Replies about a new generation. */
type Admitted =
  | Exclude<EnqueueReply, { kind: 'request-gone' | 'gone' | 'not-initialised' | 'recovering' | 'reading' | 'damaged' }>
  | Created;
type Created = { kind: 'created'; id: string; runAt?: number };

export interface MemoryStoreParts {
  images: MemoryImages;
  /** Rules of every tenant about its images. */
  rules: ImageRules;
  /** Returns the scripted end of the next new generation. */
  takeOutcome(): Outcome;
  /** Called after each change of a generation. */
  announce(generationId: string): void;
  /** Milliseconds since 1970. */
  now(): number;
}

export function createMemoryStore({ images, rules, takeOutcome, announce, now }: MemoryStoreParts): MemoryStore {
  const entries = new Map<string, Entry>();
  const ownEntry = (generationId: string, tenant: string | undefined): Entry | undefined => {
    const entry = entries.get(generationId);
    return tenant === undefined || entry?.generation.tenant === tenant ? entry : undefined;
  };
  const keys = new Map<string, string>();
  const retries = createMemoryRetries();

  const end = (entry: Entry, outcome: Outcome): void => {
    const each = endsOf(entry, outcome);
    entry.revision += 1;
    if (each === undefined) {
      entry.status = 'running';
      entry.images = entry.images.map((image) => ({ ...image, submissionStatus: 'accepted' }));
      return;
    }
    entry.images = each.map(({ image, outcome: own }) => endImage(entry, image, own, images, now()));
    const succeeded = entry.images.filter(({ status }) => status === 'succeeded').length;
    close(entry, succeeded === 0 ? 'failed' : succeeded === entry.images.length ? 'succeeded' : 'partial');
  };
  const close = (entry: Entry, status: GenerationStatus): void => {
    entry.status = status;
    entry.finishedAt = now();
  };

  const cancel = (entry: Entry): void => {
    if (isFinalGeneration(entry.status)) return;
    entry.images = entry.images.map(cancelImage);
    entry.revision += 1;
    close(entry, 'cancelled');
    announce(entry.generation.generationId);
  };

  /** Answers as the script of an enqueue does. */
  const enqueue = (generation: NewGeneration): EnqueueReply => {
    const { generationId: id, tenant, idempotencyKey } = generation;
    const asked = JSON.stringify(generation.request);
    const known = ({ generation: { generationId: firstId, request, runAt }, erased }: Entry, kind: 'exists' | 'replayed'): EnqueueReply =>
      erased !== undefined
        ? { kind: 'gone', id: firstId, erasedAt: erased.requestedAt }
        : { kind: JSON.stringify(request) === asked ? kind : 'conflict', id: firstId, ...defined({ runAt }) };
    const present = entries.get(id);
    const isForeign = present !== undefined && present.generation.tenant !== tenant;
    if (present !== undefined && !isForeign) return known(present, 'exists');
    const key = idempotencyKey === undefined ? undefined : JSON.stringify([tenant, idempotencyKey]);
    const first = key === undefined ? undefined : entries.get(keys.get(key) ?? '');
    if (first !== undefined) return known(first, 'replayed');
    const reply = admit(generation, isForeign);
    if (reply.kind === 'created' && key !== undefined) keys.set(key, id);
    return reply;
  };

  /** Makes a generation that is new, unless its times or a scripted cap or bound forbid it. */
  const admit = (generation: NewGeneration, isForeign = false): Admitted => {
    const { generationId: id, deadlineAt, runAt } = generation;
    const at = now();
    const mintedAt = generationIdTime(id);
    if (mintedAt > at + GENERATION_ID_AHEAD_MS) return { kind: 'id-ahead', now: at };
    if (mintedAt < at - GENERATION_ID_MAX_AGE_MS) return { kind: 'id-too-old', now: at };
    if (deadlineAt !== undefined && deadlineAt <= at) return { kind: 'deadline-over', now: at };
    if (runAt !== undefined && (runAt < at - MAX_CLOCK_SKEW_MS || runAt > at + MAX_RUN_AHEAD_DAYS * DAY_MS)) {
      return { kind: 'run-at-out-of-bounds', now: at };
    }
    if (isForeign) return { kind: 'not-free', id };
    const rule = imageRuleNames.find((name) => rules[name]);
    if (rule !== undefined && !checksContent(generation.request)) return { kind: 'safety-required', rule };
    const outcome = takeOutcome();
    if (outcome.kind === 'cap') {
      const cap = parseUsd(CAP_USD);
      const day = new Date(at).toISOString().slice(0, 10);
      return { kind: 'cap', period: `all:day:${day}`, used: cap, cap, resetsAt: Date.parse(day) + DAY_MS, now: at };
    }
    if (outcome.kind === 'full') return { kind: 'full', bound: 'openImagesPerTenant', limit: MOST_OPEN, open: MOST_OPEN };
    const withheld = generation.withholdFlagged === true || rules.withholdFlagged ? { withholdFlagged: true as const } : {};
    const entry: Entry = {
      generation: { ...generation, ...withheld },
      outcome,
      createdAt: at,
      status: 'queued',
      revision: 1,
      images: [],
      released: new Set(),
    };
    entry.images = Array.from({ length: generation.request.numberResults }, (_, index) => beginImage(generation, index));
    // Before it is kept: an outcome that does not fit the request is a mistake of the test, and nothing is enqueued.
    if (runAt === undefined || runAt <= at) end(entry, outcome);
    entries.set(id, entry);
    return { kind: 'created', id, ...(runAt !== undefined && { runAt }) };
  };

  return {
    store: {
      enqueue: async (generation): Promise<EnqueueReceipt> => {
        const receipt = receiptOf(enqueue(generation), generation);
        announce(receipt.generationId);
        return receipt;
      },
      retry: async (retry) => {
        const isOwn = ownEntry(retry.of, retry.boundTo) !== undefined;
        const reply = isOwn ? retries.decide(retry, entries) : { kind: 'not-found' as const };
        const receipt = retryReceiptOf(reply ?? admit(retry), retry);
        if (receipt.kind === 'created') retries.note(retry);
        if (receipt.kind !== 'changed') announce(receipt.generationId);
        return receipt;
      },
      findRetried: async (generationId, tenant) => {
        const entry = ownEntry(generationId, tenant);
        if (entry?.erased !== undefined) throw erasedError(generationId, entry.erased.requestedAt);
        if (entry !== undefined) return viewOf(entry);
        throw new GenerationError('generation.not-found', `no generation has the id "${generationId}"; nothing was queued or bought`);
      },
      find: async (generationId, _, tenant) => {
        const entry = ownEntry(generationId, tenant);
        if (entry?.erased !== undefined) throw erasedError(generationId, entry.erased.requestedAt);
        return entry && viewOf(entry);
      },
      checkMemory: async () => {},
      readImageRules: async () => rules,
      findTimeline: async (generationId, tenant) => {
        const entry = ownEntry(generationId, tenant);
        return entry && timelinesOf(entry);
      },
      findIdByKey: async (tenant, idempotencyKey) => keys.get(JSON.stringify([tenant, idempotencyKey])),
      list: async (filter, count, after) => listViews([...entries.values()].map(viewOf), filter, count, after),
      readSpend: async (tenant) => memorySpend([...entries.values()].map(viewOf), tenant, now()),
      ...createMemoryErasures({ entries, ownEntry, cancel, retriesOf: retries.idsOf, drop: images.drop, now }),
      cancel: async (generationId, tenant) => {
        const entry = ownEntry(generationId, tenant);
        if (entry !== undefined) cancel(entry);
        return entry?.status;
      },
    },
    views: () => [...entries.values()].map(viewOf),
    release(generationId, index) {
      const entry = entries.get(generationId);
      const image = entry?.images[index];
      if (entry === undefined || image === undefined || !isWithheld(entry, image))
        throw new InvalidRequestError([
          { path: 'index', message: 'is not the index of a withheld image of the generation', given: String(index) },
        ]);
      entry.released.add(index);
      entry.revision += 1;
      announce(generationId);
    },
    finish(generationId, outcome) {
      const entry = entries.get(generationId);
      const given = outcome ?? entry?.outcome;
      const problem =
        entry === undefined
          ? 'is not the id of a generation'
          : isFinalGeneration(entry.status)
            ? `is the id of a generation that is "${entry.status}"`
            : given?.kind === 'run' || given?.kind === 'cap' || given?.kind === 'full'
              ? `cannot end by the outcome "${given.kind}": name another one`
              : undefined;
      if (problem !== undefined || entry === undefined || given === undefined) {
        throw new InvalidRequestError([{ path: 'generationId', message: problem ?? '' }]);
      }
      end(entry, given);
      announce(generationId);
    },
  };
}

/** Returns each image with its end; undefined for a generation that stays running. */
function endsOf({ images }: Entry, outcome: Outcome): { image: ImageView; outcome: Succeed | Fail }[] | undefined {
  switch (outcome.kind) {
    case 'run':
    case 'cap':
    case 'full':
      return undefined;
    case 'each': {
      const ends = images.flatMap((image, at) => outcome.images.slice(at, at + 1).map((own) => ({ image, outcome: own })));
      if (ends.length === images.length && outcome.images.length === images.length) return ends;
      throw new InvalidRequestError([
        { path: 'outcome.images', message: `must hold one for each of the ${images.length} images`, given: `${outcome.images.length}` },
      ]);
    }
    case 'succeed':
    case 'fail':
      return images.map((image) => ({ image, outcome }));
    default:
      return outcome satisfies never;
  }
}
