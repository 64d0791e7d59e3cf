import type { Told, ToldFacts } from '@darkroom/contracts';
import { hasImage, readAnswer, type AnswerEntry } from './answer.ts';
import { toldFactsOf } from './task-facts.ts';

/** What one entry of a delivery says. Nothing of it is proof: the body is whatever somebody sent to our address. */
export interface DeliveryItem {
  kind: 'success' | 'error' | 'processing' | 'unknown';
  taskUUID?: string;
  imageUUID?: string;
  /** The provider's code of an error. */
  code?: string;
  /** Of a success that tells all facts of a task, each well formed. */
  facts?: ToldFacts;
}

export type ParsedDelivery = { kind: 'parsed'; items: DeliveryItem[] } | { kind: 'malformed'; reason: string };

/** Longer ids and codes are not Runware's; they would only fill logs and records. */
const MAX_FIELD = 100;

/**
 * Reads the body of a webhook POST, in any of the shapes that Runware's sources name (platform/webhooks; see `readAnswer`).
 * @param body The text as it arrived, or the value that was parsed from it.
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
  // A flat object that says nothing of a task is somebody's JSON, not a delivery.
  if (items.length > 0 && items.every(isEmpty)) return { kind: 'malformed', reason: 'the body names no task, image, status or error' };
  return { kind: 'parsed', items };
}

/**
 * Says what a delivery tells of one task: facts, if it says nothing else of it than one success that names it and is complete. An item
 * without a task id speaks of the task, and tells no facts; a task that is still running tells nothing.
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
  const facts = kind === 'success' ? toldFactsOf(entry) : undefined;
  return {
    kind,
    ...field('taskUUID', entry.taskUUID),
    ...field('imageUUID', entry.imageUUID),
    ...field('code', entry.isError ? entry.code : undefined),
    ...(facts === undefined ? {} : { facts }),
  };
}

function kindOf(entry: AnswerEntry): DeliveryItem['kind'] {
  if (entry.isError) return 'error';
  const status = entry.status?.toLowerCase();
  if (status === 'processing' || status === 'pending') return 'processing';
  return hasImage(entry) && (status === undefined || status === 'success') ? 'success' : 'unknown';
}

const isEmpty = ({ kind, taskUUID }: DeliveryItem): boolean => kind === 'unknown' && taskUUID === undefined;

function field<Name extends 'taskUUID' | 'imageUUID' | 'code'>(name: Name, value: string | undefined): { [Key in Name]?: string } {
  // `as`: a computed key widens to an index signature.
  return value === undefined || value === '' ? {} : ({ [name]: value.slice(0, MAX_FIELD) } as { [Key in Name]?: string });
}
