import {
  defined,
  parseGrokImagineRequest,
  resolveBySystem,
  type DownloadVerdict,
  type FaultClass,
  type NanoUsd,
} from '@darkroom/contracts';
import { hasImage, readAnswer, type AnswerEntry } from './answer.ts';
import { classifyFault } from './classify.ts';
import { downloadImage } from './download.ts';
import { exchangeTasks } from './exchange.ts';
import { imageRulesOf } from './image-address.ts';
import { buildDetailsTask, buildPollTask, buildPurchaseTask } from './task.ts';
import { factsOf } from './task-facts.ts';
import type { RunwareClientConfig, RunwareClientDependencies } from './client.ts';
import { createRedactor } from './redact.ts';
import type { Recorder } from './transcript/recorder.ts';

/** One purchase of a probe. Unlike a real one it may be dry, refused on purpose, or without a `ttl`. */
export interface ProbeOrder {
  taskUUID: string;
  prompt: string;
  referenceImages?: readonly string[];
  /** Validates and prices without running (Runware's skill for coding agents, `X-Runware-Dry-Run`). */
  dry?: boolean;
  /** Breaks a rule of the model's page on purpose: a width that it does not list. */
  refusable?: boolean;
  uploadEndpoint?: string;
  webhookURL?: string;
}

/** Content of one entry of an answer, and the form in which it came. */
export interface ProbeEntry {
  taskUUID: string | undefined;
  /** "errors", "data with a nested error", "data with a flat code": the forms of failures. */
  form: 'data' | 'errors' | 'data-nested' | 'data-flat';
  status: string | undefined;
  hasImage: boolean;
  imageURL: string | undefined;
  costNanoUsd: NanoUsd | undefined;
  fault: { class: FaultClass; code: string; message: string } | undefined;
  /** Kept response in an answer to `getTaskDetails`. */
  response: 'absent' | 'null' | 'result' | 'error';
}

/** One answer to a probe. */
export interface ProbeAnswer {
  /** Absent without an answer. */
  httpStatus: number | undefined;
  /** Reason for a missing or unreadable answer: an error on the way, or a body in no known form. */
  trouble: string | undefined;
  entries: readonly ProbeEntry[];
}

/** Runware's API for probes of what its documentation leaves open. Each call is one request without retries. */
export interface ProbeClient {
  buy(order: ProbeOrder): Promise<ProbeAnswer>;
  /** Asks about several tasks in one request. */
  poll(taskUUIDs: readonly string[]): Promise<ProbeAnswer>;
  details(taskUUID: string): Promise<ProbeAnswer>;
  fetchImage(imageURL: string): Promise<DownloadVerdict['kind']>;
}

/** Creates a client for probes; it needs no closing. */
export function createProbeClient(
  config: RunwareClientConfig,
  {
    fetch: fetchOnce = fetch,
    resolve = resolveBySystem,
    now,
    recorder,
  }: Omit<RunwareClientDependencies, 'fetch'> & { fetch?: typeof fetch; recorder?: Recorder },
  signal?: AbortSignal,
): ProbeClient {
  const settings = { ...config, ...imageRulesOf(config), url: config.url.replace(/\/+$/, ''), fetch: fetchOnce, resolve, now };
  const redactor = createRedactor([config.apiKey]);
  const ask = async (tasks: readonly Record<string, unknown>[], headers?: Readonly<Record<string, string>>): Promise<ProbeAnswer> => {
    const startedAt = now();
    let answerHeaders = new Headers();
    let recordAnswer: ReturnType<Recorder['post']> | undefined;
    let unrecorded: Error | undefined;
    const watched: typeof fetch = async (input, init) => {
      try {
        recordAnswer = recorder?.post(new Headers(init?.headers), tasks, startedAt);
      } catch (error) {
        unrecorded = error instanceof Error ? error : new Error(String(error));
        throw unrecorded;
      }
      const response = await fetchOnce(input, init);
      answerHeaders = response.headers;
      return response;
    };
    const exchange = await exchangeTasks({ ...settings, fetch: watched }, tasks, signal, headers);
    // The request was not sent, and no error occurred on the way: a purchase that cannot be recorded is not made.
    if (unrecorded !== undefined) throw unrecorded;
    recordAnswer?.({ exchange, headers: answerHeaders });
    if (exchange.kind !== 'answered') return { httpStatus: undefined, trouble: redactor.text(exchange.fault.message), entries: [] };
    const entries = exchange.body.kind === 'json' ? readAnswer(exchange.body.value) : undefined;
    const describe = (entry: AnswerEntry): ProbeEntry => ({
      taskUUID: entry.taskUUID,
      form: formOf(entry, exchange.body.kind === 'json' ? exchange.body.value : undefined),
      status: entry.status,
      hasImage: hasImage(entry),
      imageURL: entry.imageURL,
      costNanoUsd: factsOf(entry).costNanoUsd,
      fault: entry.isError
        ? {
            class: classifyFault({ code: entry.code, httpStatus: exchange.status }),
            code: redactor.text(entry.code ?? ''),
            message: redactor.text(entry.message ?? '').slice(0, 300),
          }
        : undefined,
      response: responseOf(entry.raw),
    });
    return {
      httpStatus: exchange.status,
      trouble: entries === undefined ? 'the body is in no known form' : undefined,
      entries: (entries ?? []).map(describe),
    };
  };
  return {
    buy: ({ dry, ...order }) => ask([buildProbeTask(order)], dry === true ? { 'x-runware-dry-run': '1' } : {}),
    poll: (taskUUIDs) => ask(taskUUIDs.map(buildPollTask)),
    details: (taskUUID) => ask([buildDetailsTask(taskUUID)]),
    async fetchImage(imageURL) {
      const startedAt = now();
      const verdict = await downloadImage(settings, imageURL, signal);
      recorder?.image(imageURL, verdict, startedAt);
      return verdict.kind;
    },
  };
}

function buildProbeTask({
  taskUUID,
  prompt,
  referenceImages = [],
  refusable,
  uploadEndpoint,
  webhookURL,
}: ProbeOrder): Record<string, unknown> {
  const request = parseGrokImagineRequest({ positivePrompt: prompt, width: 1024, height: 1024 });
  const { ttl: _, ...task } = buildPurchaseTask({
    taskUUID,
    request,
    ttlSeconds: 60,
    ...defined({ uploadEndpoint, webhookURL }),
  });
  // A probe tests values that our own check refuses, so these bypass it. With reference images the size follows them (model page,
  // "inputs.referenceImages").
  if (referenceImages.length > 0) return { ...task, width: undefined, height: undefined, inputs: { referenceImages } };
  return refusable === true ? { ...task, width: 1 } : task;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function formOf({ raw, isError }: AnswerEntry, body: unknown): ProbeEntry['form'] {
  if (!isError) return 'data';
  const inData = isObject(body) && Array.isArray(body['data']) && body['data'].includes(raw);
  if (!inData) return 'errors';
  return isObject(raw) && isObject(raw['error']) ? 'data-nested' : 'data-flat';
}

function responseOf(raw: unknown): ProbeEntry['response'] {
  if (!isObject(raw) || !('response' in raw)) return 'absent';
  if (raw['response'] === null) return 'null';
  return (readAnswer(raw['response']) ?? []).some((entry) => hasImage(entry)) ? 'result' : 'error';
}
