import { boundText, hideSecrets } from '@darkroom/contracts';

/** Removes secrets and prompts from the provider's texts, whose error messages repeat parameters. */
export interface Redactor {
  /** False if the prompt is not known: it may stand anywhere in the words of an error, which are not kept then. */
  keepsWords: boolean;
  /** Redacts a text, to at most 1,000 characters. */
  text(value: string): string;
  /** Redacts any value as JSON text, to at most 4 KB. */
  json(value: unknown): string;
}

const MAX_TEXT = 1000;
const MAX_JSON_BYTES = 4096;
const MAX_DEPTH = 6;
const MAX_ENTRIES = 50;
/** Limit of the characters examined in a text, or in all texts of a value; far fewer are kept. */
const MAX_SEEN = 8192;
/** Limit of the values examined in one answer. */
const MAX_VALUES = 500;

/** The provider may truncate a repetition; this many equal characters in a row count as one. */
const ECHO = 16;

/** Keys of a task whose values belong to the caller, or hold a secret. */
const PRIVATE_KEYS =
  /^(apikey|authorization|auth|cookie|(positive|negative)?prompt|input|referenceimage|request|uploadendpoint|webhookurl|idempotencykey|password|secret|signature|\w{0,20}token)s?$/i;

/**
 * @param secrets Texts to remove, even if the provider repeats only their beginning: API key, prompt, inline images.
 * @param keepsWords False for answers about a request that is not at hand.
 */
export function createRedactor(secrets: readonly string[], keepsWords = true): Redactor {
  // The examined text cannot hold more of a longer secret.
  const known = secrets.filter((secret) => secret.trim() !== '').map((secret) => secret.slice(0, MAX_SEEN));
  const hidden = known.map(writingsOf);
  const bound = (value: string): string => boundText(value, MAX_SEEN, known);
  // Known secrets first: a pattern that changed the text of a prompt would hide it from this search.
  const clean = (value: string): string =>
    hidden
      .reduce(hide, value)
      .replace(NAMED_PROMPT, '$1…')
      .replace(DATA_URI, 'data:…')
      .replace(ADDRESS, cutAddress)
      .replace(QUERY_SECRET, '$1=…')
      .replace(BASE64, '[base64]')
      .replace(LONG_QUOTE, '"…"')
      .replace(/[^]+/, (rest) => hideSecrets(rest, { mark: '…' }));
  return {
    keepsWords,
    text: (value) => shorten(clean(bound(value))),
    json: (value) =>
      cutBytes(JSON.stringify(walk(value, (text) => clean(bound(text)), 0, { values: MAX_VALUES, characters: MAX_SEEN })) ?? 'null'),
  };
}

/** Writes a text as it appears in a sentence, in JSON, in JSON quoted once more, in ASCII-only JSON, and in a URL. */
function writingsOf(secret: string): string[] {
  const inJson = JSON.stringify(secret).slice(1, -1);
  const inAscii = inJson.replaceAll(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  // A lone surrogate has no form in a URL, nor in a request.
  const inUrl = encodeURIComponent(Buffer.from(secret).toString());
  return [...new Set([secret, inJson, JSON.stringify(inJson).slice(1, -1), inAscii, inUrl])];
}

// A parameter beside its name, however it is quoted. Its end cannot be determined, so everything after it is removed too.
const NAMED_PROMPT = /((?:positive|negative)Prompt)(?:[\\"'\s]|%5C|%22|%27|%20)*(?:[:=]|%3A|%3D)[^]*$/gi;
const DATA_URI = /data:[\w.+-]+\/[\w.+-]+[;,][^\s"'<>\\]*/gi;
// Slashes may be escaped, as in JSON inside a message. Begins at the colon: a search for the scheme would begin at every letter.
const ADDRESS = /:(?:\\?\/){2}[^\s"'<>]+/g;
// Finds secrets in the query of an address whose beginning was cut off. The names are those of presigned URLs and of our own webhook URL.
const QUERY_SECRET = /\b(x-amz-[\w-]{1,40}|capability|token|api_?key)=[^\s&"'<>]+/gi;
const BASE64 = /[A-Za-z0-9+/_-]{100,}={0,2}/g;
// A poll does not know the prompt of its task; a quotation of this length is more likely a prompt than a parameter.
const LONG_QUOTE = /"[^"]{60,}"|“[^“”]{60,}”|'[^']{60,}'/g;

const cutAddress = (address: string): string => address.replace(/[?#].*$/s, '?…').replace(/\/\/[^/@]*@/, '//…@');

/** Removes a secret, or the beginning of it, by the form of which the text holds most. */
function hide(text: string, writings: readonly string[]): string {
  const long = writings.filter((writing) => writing.length >= ECHO);
  const withoutShort = writings
    .filter((writing) => writing.length < ECHO)
    .reduce((left, word) => left.replace(asWholeWord(word), '…'), text);
  let result = '';
  let rest = withoutShort;
  for (let at = firstEcho(rest, long); at !== -1; at = firstEcho(rest, long)) {
    const length = Math.max(...long.map((writing) => sharedLength(rest, at, writing)));
    result += `${rest.slice(0, at)}…`;
    rest = rest.slice(at + length);
  }
  return result + rest;
}

const firstEcho = (text: string, writings: readonly string[]): number =>
  writings
    .map((writing) => text.indexOf(writing.slice(0, ECHO)))
    .filter((at) => at !== -1)
    .reduce((first, at) => (first === -1 ? at : Math.min(first, at)), -1);

/** Counts the characters of a form that the text holds from a position on. */
function sharedLength(text: string, at: number, writing: string): number {
  let length = 0;
  while (length < writing.length && text[at + length] === writing[length]) length += 1;
  return length;
}

// A prompt of one word would otherwise remove parts of other words.
const asWholeWord = (secret: string): RegExp =>
  new RegExp(`(?<![\\p{L}\\p{N}])${secret.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}(?![\\p{L}\\p{N}])`, 'gu');

/** Values and characters of a value that may still be examined. */
interface Budget {
  values: number;
  characters: number;
}

function walk(value: unknown, clean: (text: string) => string, depth: number, budget: Budget): unknown {
  budget.values -= 1;
  if (budget.values < 0 || budget.characters <= 0) return '…';
  if (typeof value === 'string') {
    budget.characters -= value.length;
    return shorten(clean(value));
  }
  if (typeof value !== 'object' || value === null) return value;
  if (depth === MAX_DEPTH) return '…';
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((entry) => walk(entry, clean, depth + 1, budget));
  const entries = Object.entries(value).slice(0, MAX_ENTRIES);
  return Object.fromEntries(
    entries.map(([key, entry]) => [cleanKey(key, clean, budget), isPrivate(key) ? '…' : walk(entry, clean, depth + 1, budget)]),
  );
}

/** Cleans a key. It counts against the budget as a text does, and a long one is cut first. */
function cleanKey(key: string, clean: (text: string) => string, budget: Budget): string {
  if (budget.characters <= 0) return '…';
  const cut = boundText(key, MAX_KEY);
  budget.characters -= cut.length;
  return clean(cut);
}
const MAX_KEY = 64;

const isPrivate = (key: string): boolean => PRIVATE_KEYS.test(key.slice(0, 64).replaceAll(/[-_]/g, ''));

const shorten = (text: string): string => (text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`);

function cutBytes(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_JSON_BYTES) return text;
  // `stream` leaves out a character split by the cut.
  return `${new TextDecoder().decode(bytes.subarray(0, MAX_JSON_BYTES - Buffer.byteLength('…')), { stream: true })}…`;
}
