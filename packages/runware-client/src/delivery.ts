import { hasImage, readAnswer, type AnswerEntry } from './answer.ts';

/** What one entry of a delivery says. Nothing of it is proof: the body is whatever somebody sent to our address. */
export interface DeliveryItem {
  kind: 'success' | 'error' | 'processing' | 'unknown';
  taskUUID?: string;
  imageUUID?: string;
  /** The provider's code of an error. */
  code?: string;
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

function itemOf(entry: AnswerEntry): DeliveryItem {
  return {
    kind: kindOf(entry),
    ...field('taskUUID', entry.taskUUID),
    ...field('imageUUID', entry.imageUUID),
    ...field('code', entry.isError ? entry.code : undefined),
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
