import { canReadUrl, modelId } from '@darkroom/contracts';
import { createHiddenTexts } from './hidden-texts.ts';
import { keepPlainWords } from './plain-words.ts';
import type { Json } from './transcript.ts';

/**
 * Replaces everything that must not be written to a file. A value stays only if its name is on a list and it has the form of a word of the
 * protocol; of a message only listed words stay; of all other values only the type.
 */
export interface Sanitizer {
  json(value: unknown): Json;
  headers(headers: Iterable<readonly [string, string]>): Record<string, string>;
  /** Keeps a code, such as one of the system ("ECONNRESET"). */
  code(value: string): string;
  /** Keeps a path on the provider. */
  path(value: string): string;
  address(value: string): string;
  /** Hides this text from now on, in all of its usual encodings. */
  hide(secret: string): void;
}

/** Names whose values are words of the protocol: kinds and codes. */
const TOKENS = new Set(
  (
    'taskType status code parameter type resolution outputFormat outputType deliveryMethod mode allowedValues ' +
    'imageInference getResponse getTaskDetails'
  ).split(' '),
);
const IDS = new Set(['taskUUID', 'imageUUID']);
const MESSAGES = new Set(['message', 'error', 'errors']);
const PROMPTS = new Set(['positiveprompt', 'negativeprompt', 'prompt']);
/** Numbers of an order, its result or a rule. Any other, such as a balance, becomes 0. */
const NUMBERS = new Set(
  (
    'cost seed width height numberResults outputQuality ttl min max code status httpStatus statusCode allowedValues retryAfter ' +
    'retryAfterMs retryAfterSeconds'
  ).split(' '),
);
/** Headers whose value is kept if it has this form. */
const HEADERS: readonly (readonly [RegExp, RegExp])[] = [
  [/^(accept|content-type)$/, /^[a-z]{1,20}\/[a-z0-9.+*-]{1,30}(; ?charset=[\w-]{1,20})?$/i],
  [/^(content-length|retry-after|x-runware-dry-run|(x-)?ratelimit-[\w-]{1,40})$/, /^\d{1,13}$/],
  [/^transfer-encoding$/, /^chunked$/i],
  [/^(date|retry-after)$/, /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} GMT$/],
];
/** Hosts that reveal nothing about an account: the provider's, an emulator's on this machine, and the one that names no server. */
const KNOWN_HOST = /^((im|api)\.)?runware\.ai$|^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$|^runware-probe\.invalid$/;
const OTHER_HOST = /^[a-z]{1,8}\.runware\.ai$/;
/** A code of the API or of the system, or the name of a field, made of words, unlike a key or a signature. */
const WORDS = /^[a-z]{1,16}([A-Z][a-z]{1,16}|[A-Z]{2,5}(?![a-z])|[_-][a-z]{1,16})*\d{0,2}$/;
const SYSTEM_CODE = /^[A-Z]{2,12}(_[A-Z\d]{1,12}){0,4}$/;
/** Path of a wrong value, such as `inputs.referenceImages[0]`. */
const WHERE = /^[a-z]{1,20}[a-zA-Z]{0,20}((\.[a-z]{1,20}[a-zA-Z]{0,20})|\[\d{1,3}\]){1,4}$/;
/** A format, a size. */
const LITTLE = /^[\w.-]{1,8}$|^\d{1,5}x\d{1,5}$/;
const HEADER_NAME = /^[a-z]{1,16}(-[a-z]{1,16}){0,4}$/;
const MAX_TOKEN = 64;
const MAX_DEPTH = 16;

export function createSanitizer(apiKey: string): Sanitizer {
  const hidden = createHiddenTexts();
  hidden.hide(apiKey);
  const ids = createNames((count) => `00000000-0000-4000-8000-${String(count).padStart(12, '0')}`);
  const hosts = createNames((count) => `host-${count}.invalid`);
  const isKept = (host: string): boolean => KNOWN_HOST.test(host) || (OTHER_HOST.test(host) && hidden.isFree(host));
  const addresses = createNames((count, address) => {
    const { protocol, host, extension } = partsOf(address);
    return `${protocol}//${isKept(host) ? host : hosts(host)}/address-${count}${extension}`;
  });
  const isToken = (value: string): boolean =>
    value.length <= MAX_TOKEN &&
    [WORDS, SYSTEM_CODE, WHERE, LITTLE].some((form) => form.test(value)) &&
    (KNOWN_NAMES.has(value) || hidden.isFree(value));
  const nameOf = (name: string, form = WORDS): string =>
    KNOWN_NAMES.has(name) || (name.length <= MAX_TOKEN && form.test(name) && hidden.isFree(name)) ? name : '<name>';
  const textOf = (value: string, name: string): string => {
    if (PROMPTS.has(name.toLowerCase())) return `<prompt of ${value.length} characters>`;
    if (/^data:/i.test(value)) return `<image of ${value.length} characters>`;
    if (/^https?:\/\//i.test(value)) return addresses(value);
    if (IDS.has(name)) return ids(value.toLowerCase());
    if (MESSAGES.has(name)) return keepPlainWords(value, hidden.hasWord);
    if (NUMBERS.has(name) && /^\d{1,6}(\.\d{1,9})?$/.test(value)) return value;
    if (value === modelId) return value;
    return TOKENS.has(name) && isToken(value) ? value : `<${nameOf(name)}>`;
  };
  const walk = (value: unknown, name: string, depth: number): Json => {
    if (value === null || typeof value === 'boolean') return value;
    if (typeof value === 'number') return NUMBERS.has(name) ? value : 0;
    if (typeof value === 'string') return textOf(value, name);
    if (typeof value !== 'object' || depth === MAX_DEPTH) return '<more>';
    if (Array.isArray(value)) return value.map((entry) => walk(entry, name, depth + 1));
    const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
    return Object.fromEntries(entries.map(([key, entry]) => [nameOf(key), walk(entry, key, depth + 1)]));
  };
  return {
    json: (value) => walk(value, '', 0),
    headers: (headers) =>
      Object.fromEntries(
        [...headers].map(([name, value]) => {
          const lower = name.toLowerCase();
          const isListed = HEADERS.some(([names, form]) => names.test(lower) && form.test(value)) && hidden.isFree(value);
          return [nameOf(lower, HEADER_NAME), isListed ? value : `<${nameOf(lower, HEADER_NAME)}>`];
        }),
      ),
    code: (value) => (isToken(value) ? value : '<code>'),
    path: (value) => (/^\/(v\d{1,3})?$/.test(value) ? value : '/<path>'),
    address: (value) => addresses(value),
    hide: hidden.hide,
  };
}

/** Names and words of Runware's API, kept even if a prompt holds the same word. */
const KNOWN_NAMES = new Set([
  ...TOKENS,
  ...IDS,
  ...MESSAGES,
  ...NUMBERS,
  ...'data response request imageURL NSFWContent positivePrompt model success processing conflictTaskUUID'.split(' '),
]);

/** Replaces each value by a new name, and equal values by the same name, so that related exchanges stay recognisable. */
function createNames(nameOf: (count: number, value: string) => string): (value: string) => string {
  const names = new Map<string, string>();
  return (value) => {
    const name = names.get(value) ?? nameOf(names.size + 1, value);
    names.set(value, name);
    return name;
  };
}

function partsOf(address: string): { protocol: string; host: string; extension: string } {
  if (!canReadUrl(address)) return { protocol: 'https:', host: address, extension: '' };
  const { protocol, host, pathname } = new URL(address);
  return { protocol, host, extension: /\.(jpe?g|png|webp)$/i.exec(pathname)?.[0].toLowerCase() ?? '' };
}
