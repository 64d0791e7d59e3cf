import { boundText } from '@darkroom/contracts';
import { describeError } from './describe-error.ts';
import { redactText, type RedactOptions } from './redact-text.ts';

const REDACTED = '[redacted]';

/** Fields whose value is a secret whatever it looks like; compared without case, "-" and "_". */
const secretNames =
  /(authorization|apikey|secret|accesskey|accesskeyid|password|passphrase|capability|cookie|webhookkey|signature|uploadendpoint|uploadurl|webhookurl|token|idempotencykey|^auth)s?$/;
const promptNames = /^((positive|negative)?prompt|referenceimage|input)s?$/;

/** Deeper or longer than this nobody reads a log line. */
const MAX_DEPTH = 8;
const MAX_ITEMS = 100;
/** So many values, and so many characters of texts, are written of one line. */
const MAX_VALUES = 500;
const MAX_CHARACTERS = 16_384;

/** What may still be written of a line. */
interface Budget {
  values: number;
  characters: number;
}

/** A copy of what is to be logged, with nothing in it that must never be written down (I8). */
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

/** A name as it is written. What is longer than any name of ours is cut first, and what the line has no room for is not looked at. */
function redactName(name: string, options: LineOptions): string {
  if (/^[\w.-]{1,64}$/.test(name)) return name;
  return options.budget.characters <= 0 ? '[more]' : redactSome(boundText(name, MAX_NAME, options.secrets), options);
}
const MAX_NAME = 64;

/** A text as far as the line has room for it. */
function redactSome(text: string, { budget, ...options }: LineOptions): string {
  const redacted = redactText(text, options);
  const kept = redacted.slice(0, budget.characters);
  // By what was looked at: what is redacted away took its time, too.
  budget.characters -= Math.min(text.length, MAX_CHARACTERS / 4);
  return kept.length < redacted.length ? `${kept}…` : kept;
}

function redactNamed(name: string, value: unknown, options: LineOptions, above: readonly object[]): unknown {
  const plain = name.slice(-64).toLowerCase().replaceAll(/[-_]/g, '');
  const isEmpty = value === undefined || value === null || value === '' || typeof value === 'boolean';
  if (!isEmpty && secretNames.test(plain)) return REDACTED;
  if (!isEmpty && options.keepPrompts !== true && promptNames.test(plain)) return REDACTED;
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
