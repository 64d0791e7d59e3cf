import { defined, type Told, type ToldFacts } from '@darkroom/contracts';
import { hasImage, readAnswer, type AnswerEntry } from './answer.ts';
import { toldFactsOf } from './task-facts.ts';

/** Content of one entry of a delivery. Nothing in it is proof: anyone can send a body to our address. */
export interface DeliveryItem {
  kind: 'success' | 'error' | 'processing' | 'unknown';
  taskUUID?: string;
  imageUUID?: string;
  /** The provider's error code. */
  code?: string;
  /** Present for a success with all facts of a task, each well formed. */
  facts?: ToldFacts;
}

export type ParsedDelivery = { kind: 'parsed'; items: DeliveryItem[] } | { kind: 'malformed'; reason: string };

/** Longer ids and codes are not Runware's and would only fill logs and records. */
const MAX_FIELD = 100;

/**
 * Reads the body of a webhook POST, in any of the shapes that Runware's sources name (platform/webhooks; see `readAnswer`).
 * @param body The text as received, or the value parsed from it.
 * @returns `malformed` for text that is not JSON and for JSON of no known shape. Never throws.
 */
export function parseDelivery(body: unknown): ParsedDelivery {
  let value = body;
  if (typeof body === 'string') {
    try {
      value = JSON.parse(body);
    } catch {
      return { kind: 'malformed', reason: 'the body is not JSON' };
    }
  }
  const entries = readAnswer(value);
  if (entries === undefined) return { kind: 'malformed', reason: 'the body is neither an object nor an array of objects' };
  const items = entries.map(itemOf);
  // A flat object without any sign of a task is unrelated JSON, not a delivery.
  if (items.length > 0 && items.every(isEmpty)) return { kind: 'malformed', reason: 'the body names no task, image, status or error' };
  return { kind: 'parsed', items };
}

/**
 * Returns the content of a delivery about one task: facts, if its only statement is one success that names the task and is complete. An
 * item without a task id counts as being about the task, and yields no facts; a running task yields nothing.
 */
export function toldOf(items: readonly DeliveryItem[], taskUUID: string): Told {
  const own = items.filter((item) => item.kind !== 'processing' && (item.taskUUID === undefined || isNamed(item, taskUUID)));
  const [only] = own;
  if (only === undefined) return 'nothing';
  return own.length === 1 && isNamed(only, taskUUID) && only.facts !== undefined ? only.facts : 'unclear';
}

const isNamed = (item: DeliveryItem, taskUUID: string): boolean => item.taskUUID?.toLowerCase() === taskUUID.toLowerCase();

function itemOf(entry: AnswerEntry): DeliveryItem {
  const kind = kindOf(entry);
  return defined({
    kind,
    taskUUID: shorten(entry.taskUUID),
    imageUUID: shorten(entry.imageUUID),
    code: entry.isError ? shorten(entry.code) : undefined,
    facts: kind === 'success' ? toldFactsOf(entry) : undefined,
  });
}

function kindOf(entry: AnswerEntry): DeliveryItem['kind'] {
  if (entry.isError) return 'error';
  const status = entry.status?.toLowerCase();
  if (status === 'processing' || status === 'pending') return 'processing';
  return hasImage(entry) && (status === undefined || status === 'success') ? 'success' : 'unknown';
}

const isEmpty = ({ kind, taskUUID }: DeliveryItem): boolean => kind === 'unknown' && taskUUID === undefined;

const shorten = (value: string | undefined): string | undefined => (value === '' ? undefined : value?.slice(0, MAX_FIELD));
