/**
 * Patterns of secrets and prompts, wherever they stand in a text: one rule for the logs and for the provider's messages.
 * Each pattern runs in linear time: no unbounded repetition may begin at every character.
 */

/** Separator of a name and its value: quotes, escapes and blanks around a colon or an equals sign, in JSON, a URL, a header or XML. */
const BETWEEN = String.raw`(?:[\\"'${'`'}\]\s]|%5C|%22|%27|%20|%60){0,20}(?:=>|[:=]|%3A|%3D)(?:[ \t+]|%20){0,20}`;

/** Names of the prompt of a request and of its images. Only JSON shows where their values end. */
const PROMPT = String.raw`(?:\b|_|%22|%27|%20)(?:(?:positive|negative)[-_ ]?)?prompts?|(?:positive|negative)[-_]?prompts?|reference[-_]?images?`;
const PROMPTS = new RegExp(`((?:${PROMPT})${BETWEEN})(?:(\\\\*)"(?:[^]*?(?<!\\\\)\\2"|[^]*$)|[^]*$)`, 'gi');

/** Names of secrets, as spelt in environments, JSON, queries and headers. */
const SECRET_NAME =
  'api[-_]?keys?|secret(?:[-_]?access[-_]?key)?s?|passwords?|passwd|passphrases?|webhook[-_]?keys?|capability|idempotency[-_]?keys?|' +
  'access[-_]?key(?:[-_]?id)?|signatures?|(?<![a-z])tokens?|(?:session|security|access|refresh|id|auth|bearer|csrf|_)[-_]?tokens?|(?<![a-z])auth';
// A quoted value ends with its quote, an unquoted one at the next blank: a password may hold commas and ampersands.
const QUOTED = String.raw`(\\*)(["'${'`'}])[^]*?(?:(?<!\\)\2\3|$)`;
const NAMED = new RegExp(`((?:${SECRET_NAME})${BETWEEN})(?:${QUOTED}|\\[[^\\]]*\\]?|[^\\s"']+)`, 'gi');
/** Headers: the value is the rest of the line. */
const HEADERS = new RegExp(
  `\\b((?:proxy-)?authorization|(?:set-)?cookies?)(${BETWEEN})(?:${QUOTED.replace('\\2\\3', '\\3\\4')}|[^\\r\\n]+)`,
  'gi',
);
const XML =
  /<((?:\w{1,40}:)?(?:Signature|StringToSign|CanonicalRequest|AWSAccessKeyId|AccessKeyId|SecretAccessKey|SessionToken|Token|Password))>[^<]+/gi;
const REDIS_LOGIN = /\b(AUTH|requirepass|masterauth)[ \t](?![ \t]*<)[^\r\n]+/g;
const BEARER = /\b(Bearer|Token)((?:\s|%20|\+){1,8})[\w.~+/=%-]{6,}/g;
const BEARER_LOWER = /\b(bearer)((?:\s|%20|\+){1,8})[\w.~+/=%-]{6,}/g;
const DATA_URI = /\b(data:[\w.+-]{1,80}\/[\w.+-]{1,80}(?:;[\w-]{1,40}=[\w.+-]{0,80}){0,4}[;,](?:base64,)?)[^\s"'<>\\]+/gi;

export interface SecretTextOptions {
  /** Replaces each secret. */
  mark: string;
  /** Keeps prompts as they are. */
  keepPrompts?: boolean;
}

/** Replaces everything whose name or form marks it as a secret. @param text Bounded by its caller. */
export function hideSecrets(text: string, { mark, keepPrompts = false }: SecretTextOptions): string {
  const withoutPrompts = keepPrompts
    ? text
    : text.replace(PROMPTS, (_whole, before: string, escapes: string | undefined) =>
        escapes === undefined ? `${before}${mark}` : `${before}${escapes}"${mark}${escapes}"`,
      );
  return hideUserParts(withoutPrompts, mark)
    .replace(DATA_URI, `$1${mark}`)
    .replace(HEADERS, `$1$2${mark}`)
    .replace(
      NAMED,
      (_whole, before: string, escapes: string | undefined, quote: string | undefined) =>
        `${before}${escapes ?? ''}${quote ?? ''}${mark}${escapes ?? ''}${quote ?? ''}`,
    )
    .replace(XML, `<$1>${mark}`)
    .replace(REDIS_LOGIN, `$1 ${mark}`)
    .replace(BEARER, `$1$2${mark}`)
    .replace(BEARER_LOWER, `$1$2${mark}`);
}

/**
 * Replaces the user part of addresses, up to the last "@" before a blank: a password that was not encoded may hold any other
 * character, such as a slash, a quote or an "@".
 */
function hideUserParts(text: string, mark: string): string {
  return text.replace(/\S+/g, (word) => {
    const begins = word.indexOf('://');
    const ends = word.lastIndexOf('@');
    return begins === -1 || ends < begins ? word : `${word.slice(0, begins + 3)}${mark}${word.slice(ends)}`;
  });
}
