import { boundText, hideSecrets } from '@darkroom/contracts';

/** Takes what must not be kept out of what the provider said: it echoes parameters in its error messages. */
export interface Redactor {
  /** A text, at most 1,000 characters. */
  text(value: string): string;
  /** Any value as JSON text, at most 4 KB. */
  json(value: unknown): string;
}

const MAX_TEXT = 1000;
const MAX_JSON_BYTES = 4096;
const MAX_DEPTH = 6;
const MAX_ENTRIES = 50;
/** More of a text, or of all texts of a value, is not looked at: what is kept of it is shorter by far. */
const MAX_SEEN = 8192;
/** More values of one answer are not looked at. */
const MAX_VALUES = 500;

/** An echo may be cut short by the provider; this many characters in a row are taken for one. */
const ECHO = 16;

/** Keys of a task whose values are the caller's, or hold a secret. */
const PRIVATE_KEYS =
  /^(apikey|authorization|auth|cookie|(positive|negative)?prompt|input|referenceimage|request|uploadendpoint|webhookurl|idempotencykey|password|secret|signature|\w{0,20}token)s?$/i;

/**
 * @param secrets What must not appear, also when the provider repeats only the beginning of it: API key, prompt, inline images.
 */
export function createRedactor(secrets: readonly string[]): Redactor {
  // Of a longer one no more than this can be repeated in what is looked at.
  const known = secrets.filter((secret) => secret.trim() !== '').map((secret) => secret.slice(0, MAX_SEEN));
  const hidden = known.map(writingsOf);
  const bound = (value: string): string => boundText(value, MAX_SEEN, known);
  // What is known first: a pattern that changed the text of a prompt would keep it from being found.
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
    text: (value) => shorten(clean(bound(value))),
    json: (value) =>
      cutBytes(JSON.stringify(walk(value, (text) => clean(bound(text)), 0, { values: MAX_VALUES, characters: MAX_SEEN })) ?? 'null'),
  };
}

/** A text as it stands in a sentence, in JSON, in JSON that was quoted once more, in JSON of ASCII alone, and in a URL. */
function writingsOf(secret: string): string[] {
  const inJson = JSON.stringify(secret).slice(1, -1);
  const inAscii = inJson.replaceAll(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  // Half of a surrogate pair has no form in a URL, and none in a request either.
  const inUrl = encodeURIComponent(Buffer.from(secret).toString());
  return [...new Set([secret, inJson, JSON.stringify(inJson).slice(1, -1), inAscii, inUrl])];
}

// A parameter beside its name, however it is quoted. Where it ends nobody can tell, so that the rest goes with it.
const NAMED_PROMPT = /((?:positive|negative)Prompt)(?:[\\"'\s]|%5C|%22|%27|%20)*(?:[:=]|%3A|%3D)[^]*$/gi;
const DATA_URI = /data:[\w.+-]+\/[\w.+-]+[;,][^\s"'<>\\]*/gi;
// Slashes may be escaped, as in JSON inside a message.
// From the colon on: a search for the scheme would begin at every letter.
const ADDRESS = /:(?:\\?\/){2}[^\s"'<>]+/g;
// For an address that was cut before its scheme. The names are those of presigned URLs and of our own webhook URL.
const QUERY_SECRET = /\b(x-amz-[\w-]{1,40}|capability|token|api_?key)=[^\s&"'<>]+/gi;
const BASE64 = /[A-Za-z0-9+/_-]{100,}={0,2}/g;
// A poll does not know the prompt of its task; what is quoted at this length is more likely a prompt than a parameter.
const LONG_QUOTE = /"[^"]{60,}"|“[^“”]{60,}”|'[^']{60,}'/g;

const cutAddress = (address: string): string => address.replace(/[?#].*$/s, '?…').replace(/\/\/[^/@]*@/, '//…@');

/** Takes a secret out, or the beginning of it, in whichever of its writings most of it stands there. */
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

/** How much of a writing stands in a text from a place on. */
function sharedLength(text: string, at: number, writing: string): number {
  let length = 0;
  while (length < writing.length && text[at + length] === writing[length]) length += 1;
  return length;
}

// A prompt of one word would otherwise tear pieces out of the words around it.
const asWholeWord = (secret: string): RegExp =>
  new RegExp(`(?<![\\p{L}\\p{N}])${secret.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}(?![\\p{L}\\p{N}])`, 'gu');

/** What may still be looked at of a value. */
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

/** A key takes of the budget as a text does, and a long one is cut first. */
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
  // `stream` leaves out a character that the cut went through.
  return `${new TextDecoder().decode(bytes.subarray(0, MAX_JSON_BYTES - Buffer.byteLength('…')), { stream: true })}…`;
}
