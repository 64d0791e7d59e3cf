import { canReadUrl } from '@darkroom/contracts';
import type { DownloadVerdict } from '@darkroom/contracts';
import type { Exchange } from '../exchange.ts';
import { meaningOf } from './meaning.ts';
import { createSanitizer, type Sanitizer } from './sanitize.ts';
import type { RecordedAnswer, RecordedBody, RecordedRequest, Transcript } from './transcript.ts';

export interface RecorderConfig {
  /** The provider's URL. */
  url: string;
  apiKey: string;
  /** Version of Darkroom. */
  darkroom: string;
}

/** Outcome of a POST. */
export interface SeenAnswer {
  exchange: Exchange;
  headers: Iterable<readonly [string, string]>;
}

/** A webhook or an upload that the provider sent. */
export interface SeenDelivery {
  kind: 'webhook' | 'upload';
  method: string;
  headers: Iterable<readonly [string, string]>;
  body: Uint8Array;
  /** Status of our answer. */
  status: number;
}

/** Records the exchanges between a probe and the provider. Everything passes a sanitizer first. */
export interface Recorder {
  /** Names the step of the next exchanges. */
  beginStep(questions: readonly number[], title: string): void;
  /** Records a POST before it goes out: a probe that dies meanwhile may have bought. @returns a function that records the answer. */
  post(
    headers: Iterable<readonly [string, string]>,
    tasks: readonly Record<string, unknown>[],
    startedAtMs: number,
  ): (answer: SeenAnswer) => void;
  image(imageURL: string, verdict: DownloadVerdict, startedAtMs: number): void;
  delivery(seen: SeenDelivery, startedAtMs: number): void;
  /** Records that every step has run. */
  end(): void;
}

/** Answer recorded for a POST until its answer comes. */
const NOT_YET: RecordedAnswer = { kind: 'interrupted', code: 'NOT_ANSWERED' };

/** @param onChange Gets the whole transcript at the start and after each change, so that a probe that dies leaves it behind. */
export function createRecorder(
  { url, apiKey, darkroom }: RecorderConfig,
  { now, onChange }: { now: () => number; onChange: (transcript: Transcript) => void },
): Recorder {
  const sanitizer = createSanitizer(apiKey);
  const { host, pathname } = new URL(url);
  hidePartsOf(url, sanitizer);
  const transcript: Transcript = { version: 1, date: timeOf(now()), provider: host, darkroom, isWhole: false, exchanges: [] };
  let step: { questions: number[]; step: string } = { questions: [], step: 'start' };
  const exchangeOf = (
    request: RecordedRequest,
    answer: RecordedAnswer,
    startedAtMs: number,
    of = step,
  ): Transcript['exchanges'][number] => {
    const startedAt = timeOf(startedAtMs);
    const tookMs = Math.max(0, Math.round(now() - startedAtMs));
    return { ...of, startedAt, tookMs, request, answer, meaning: meaningOf({ request, answer, startedAt }) };
  };
  const record = (request: RecordedRequest, answer: RecordedAnswer, startedAtMs: number): number => {
    const index = transcript.exchanges.push(exchangeOf(request, answer, startedAtMs)) - 1;
    onChange(transcript);
    return index;
  };
  onChange(transcript);
  return {
    beginStep: (questions, title) => void (step = { questions: [...questions], step: title }),
    post(headers, tasks, startedAtMs) {
      for (const task of tasks) hideTextsOf(task, sanitizer);
      const request: RecordedRequest = {
        from: 'darkroom',
        method: 'POST',
        path: sanitizer.path(pathname),
        headers: sanitizer.headers(headers),
        body: { kind: 'json', value: sanitizer.json(tasks) },
      };
      const of = step;
      const index = record(request, NOT_YET, startedAtMs);
      return (answer) => {
        transcript.exchanges[index] = exchangeOf(request, recordedAnswerOf(answer, sanitizer), startedAtMs, of);
        onChange(transcript);
      };
    },
    image(imageURL, verdict, startedAtMs) {
      const path = sanitizer.address(imageURL);
      record({ from: 'darkroom', method: 'GET', path, headers: {}, body: { kind: 'none' } }, imageAnswerOf(verdict), startedAtMs);
    },
    delivery({ kind, method, headers, body, status }, startedAtMs) {
      record(
        {
          from: 'provider',
          method: sanitizer.code(method),
          path: `/${kind}`,
          headers: sanitizer.headers(headers),
          body: kind === 'upload' ? { kind: 'bytes', sizeBytes: body.length } : bodyOf(readJson(body), sanitizer),
        },
        { kind: 'answered', status, headers: {}, body: { kind: 'none' } },
        startedAtMs,
      );
    },
    end() {
      transcript.isWhole = true;
      onChange(transcript);
    },
  };
}

/** Hides the prompt of a task, the content of its images, and each part of an address that may grant access. */
function hideTextsOf(task: Readonly<Record<string, unknown>>, sanitizer: Sanitizer): void {
  const hideAll = (value: unknown): void => {
    if (typeof value === 'string') {
      sanitizer.hide(value);
      if (/^https?:/i.test(value) && canReadUrl(value)) hidePartsOf(value, sanitizer);
    } else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) hideAll(part);
  };
  const { positivePrompt, negativePrompt, inputs, uploadEndpoint, webhookURL } = task;
  hideAll([positivePrompt, negativePrompt, inputs, uploadEndpoint, webhookURL]);
}

function hidePartsOf(address: string, sanitizer: Sanitizer): void {
  const { username, password, pathname, searchParams } = new URL(address);
  const parts = [username, password, ...pathname.split('/'), ...searchParams.values()];
  for (const part of parts) if (part.length >= SHORTEST_SECRET) sanitizer.hide(part);
}

/** Shorter parts of an address are words such as "webhook". */
const SHORTEST_SECRET = 8;

const recordedAnswerOf = ({ exchange, headers }: SeenAnswer, sanitizer: Sanitizer): RecordedAnswer =>
  exchange.kind === 'answered'
    ? { kind: 'answered', status: exchange.status, headers: sanitizer.headers(headers), body: bodyOf(exchange.body, sanitizer) }
    : { kind: exchange.kind, code: sanitizer.code(exchange.fault.code) };

const bodyOf = (body: Extract<Exchange, { kind: 'answered' }>['body'], sanitizer: Sanitizer): RecordedBody =>
  body.kind === 'json' ? { kind: 'json', value: sanitizer.json(body.value) } : body;

const timeOf = (milliseconds: number): string => new Date(milliseconds).toISOString();

function imageAnswerOf(verdict: DownloadVerdict): RecordedAnswer {
  if (verdict.kind === 'fetched')
    return { kind: 'answered', status: 200, headers: {}, body: { kind: 'bytes', sizeBytes: verdict.bytes.length } };
  const { code, httpStatus } = verdict.fault;
  return httpStatus === undefined
    ? { kind: 'interrupted', code }
    : { kind: 'answered', status: httpStatus, headers: {}, body: { kind: 'none' } };
}

function readJson(bytes: Uint8Array): Extract<Exchange, { kind: 'answered' }>['body'] {
  try {
    return { kind: 'json', value: JSON.parse(new TextDecoder().decode(bytes)) };
  } catch {
    return { kind: 'unreadable', reason: 'not JSON' };
  }
}
