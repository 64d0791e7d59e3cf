import { describeError } from './describe-error.ts';
import { redactText, type RedactOptions } from './redact-text.ts';

const REDACTED = '[redacted]';

/** Fields whose value is a secret whatever it looks like; compared without case, "-" and "_". */
const secretNames =
  /(authorization|apikey|secret|accesskey|accesskeyid|password|passphrase|capability|cookie|webhookkeys|signature|uploadendpoint|uploadurl|webhookurl)$/;
const promptNames = /^(positiveprompt|negativeprompt|prompt)$/;

/** Deeper or longer than this nobody reads a log line. */
const MAX_DEPTH = 8;
const MAX_ITEMS = 100;

/** A copy of what is to be logged, with nothing in it that must never be written down (I8). */
export function redactFields(fields: Readonly<Record<string, unknown>>, options: RedactOptions = {}): Record<string, unknown> {
  return redactEntries(fields, options, []);
}

function redactEntries(fields: object, options: RedactOptions, above: readonly object[]): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, value]) => [name, redactNamed(name, value, options, [...above, fields])]);
  return Object.fromEntries(entries) as Record<string, unknown>; // Object.fromEntries of unknown values is typed any
}

function redactNamed(name: string, value: unknown, options: RedactOptions, above: readonly object[]): unknown {
  const plain = name.toLowerCase().replaceAll(/[-_]/g, '');
  const isEmpty = value === undefined || value === null || value === '' || typeof value === 'boolean';
  if (!isEmpty && secretNames.test(plain)) return REDACTED;
  if (!isEmpty && options.keepPrompts !== true && promptNames.test(plain)) return REDACTED;
  return redactValue(value, options, above);
}

function redactValue(value: unknown, options: RedactOptions, above: readonly object[]): unknown {
  if (typeof value === 'string') return redactText(value, options);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (above.includes(value)) return '[circular]';
  if (above.length > MAX_DEPTH) return '[deeper]';
  if (value instanceof Error) return redactEntries(describeError(value), options, [...above, value]);
  if (value instanceof URL) return redactText(value.href, options);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Map || value instanceof Set) return redactValue([...value], options, above);
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => redactValue(item, options, [...above, value]));
  return redactEntries(value, options, above);
}
