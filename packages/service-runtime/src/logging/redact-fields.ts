import { boundText } from '@darkroom/contracts';
import { describeError } from './describe-error.ts';
import { redactText, type RedactOptions } from './redact-text.ts';

const REDACTED = '[redacted]';

/** Fields whose value is always a secret; compared without case, "-" and "_". */
const secretNames =
  /(authorization|apikey|secret|accesskey|accesskeyid|password|passphrase|capability|cookie|webhookkey|signature|uploadendpoint|uploadurl|webhookurl|token|idempotencykey|^auth)s?$/;
const promptNames = /^((positive|negative)?prompt|referenceimage|input)s?$/;

/** Deepest level, and most items of one value, that a line holds. */
const MAX_DEPTH = 8;
const MAX_ITEMS = 100;
/** Maximum number of values, and of characters of texts, that a line holds. */
const MAX_VALUES = 500;
const MAX_CHARACTERS = 16_384;

/** Values and characters that a line still has room for. */
interface Budget {
  values: number;
  characters: number;
}

/** Copies fields for the log without anything that must never be written (I8). */
export function redactFields(fields: Readonly<Record<string, unknown>>, options: RedactOptions = {}): Record<string, unknown> {
  return redactEntries(fields, { ...options, budget: { values: MAX_VALUES, characters: MAX_CHARACTERS } }, []);
}

interface LineOptions extends RedactOptions {
  readonly budget: Budget;
}

function redactEntries(fields: object, options: LineOptions, above: readonly object[]): Record<string, unknown> {
  const entries = Object.entries(fields)
    .slice(0, MAX_ITEMS)
    .map(([name, value]) => [redactName(name, options), redactNamed(name, value, options, [...above, fields])]);
  return Object.fromEntries(entries) as Record<string, unknown>; // Object.fromEntries of unknown values is typed any
}

/** Redacts a name. Longer names than ours are cut first, and names without room in the line are not examined. */
function redactName(name: string, options: LineOptions): string {
  if (/^[\w.-]{1,64}$/.test(name)) return name;
  return options.budget.characters <= 0 ? '[more]' : redactSome(boundText(name, MAX_NAME, options.secrets), options);
}
const MAX_NAME = 64;

/** Redacts a text and keeps as much as the line has room for. */
function redactSome(text: string, { budget, ...options }: LineOptions): string {
  const redacted = redactText(text, options);
  const kept = redacted.slice(0, budget.characters);
  // Counts the examined characters, because removed ones take time too.
  budget.characters -= Math.min(text.length, MAX_CHARACTERS / 4);
  return kept.length < redacted.length ? `${kept}…` : kept;
}

type NameKind = 'secret' | 'prompt' | 'other';
/** Kinds of the names of fields, most of which are ours. */
const kinds = new Map<string, NameKind>();
const MOST_KINDS = 1000;

function kindOf(name: string): NameKind {
  const end = name.slice(-64);
  const known = kinds.get(end);
  if (known !== undefined) return known;
  const plain = end.toLowerCase().replaceAll(/[-_]/g, '');
  const kind = secretNames.test(plain) ? 'secret' : promptNames.test(plain) ? 'prompt' : 'other';
  if (kinds.size >= MOST_KINDS) kinds.clear();
  kinds.set(end, kind);
  return kind;
}

function redactNamed(name: string, value: unknown, options: LineOptions, above: readonly object[]): unknown {
  const kind = kindOf(name);
  const isEmpty = value === undefined || value === null || value === '' || typeof value === 'boolean';
  if (!isEmpty && kind === 'secret') return REDACTED;
  if (!isEmpty && options.keepPrompts !== true && kind === 'prompt') return REDACTED;
  return redactValue(value, options, above);
}

function redactValue(value: unknown, options: LineOptions, above: readonly object[]): unknown {
  const { budget } = options;
  budget.values -= 1;
  if (budget.values < 0 || budget.characters <= 0) return '[more]';
  if (typeof value === 'string') return redactSome(value, options);
  if (typeof value === 'bigint') return redactSome(value.toString(), options);
  if (typeof value !== 'object' || value === null) return value;
  if (above.includes(value)) return '[circular]';
  if (above.length > MAX_DEPTH) return '[deeper]';
  if (value instanceof Error) return redactEntries(describeError(value), options, [...above, value]);
  if (value instanceof URL) return redactSome(value.href, options);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Map || value instanceof Set) return redactValue(firstItems(value), options, above);
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => redactValue(item, options, [...above, value]));
  return redactEntries(value, options, above);
}

function firstItems(values: Iterable<unknown>): unknown[] {
  const items: unknown[] = [];
  for (const value of values) {
    if (items.length === MAX_ITEMS) break;
    items.push(value);
  }
  return items;
}
