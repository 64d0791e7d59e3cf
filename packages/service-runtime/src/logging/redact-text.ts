import { boundText, hideSecrets } from '@darkroom/contracts';

const REDACTED = '[redacted]';

/** Maximum number of characters written of one text. */
const MAX_TEXT = 4096;

/**
 * Patterns of secrets anywhere in a text: in a message, a URL, a header, JSON inside a string, a stack. Each runs in linear time: no
 * unbounded repetition may begin at every character.
 */
const shapes: readonly (readonly [RegExp, string])[] = [
  // Presigned URLs: the query is the secret, in the URL or quoted by itself (AWS, "Authenticating Requests: Using Query Parameters").
  [/\?[^\s"'<>?\\]*X-Amz-[^\s"'<>\\]*/gi, `?${REDACTED}`],
  [/X-Amz-(Signature|Credential|Security-Token)(=|%3D|["']?\s*:\s*["']?)[^\s&"'<>\\]+/gi, `X-Amz-$1$2${REDACTED}`],
  [/\b(Signature|AWSAccessKeyId)=[^\s&,"'<>\\]+/g, `$1=${REDACTED}`],
  // Capabilities, by the name of the parameter and by their own form.
  [/\b(capability)(=|%3D)[^\s&"'<>\\]*/gi, `$1$2${REDACTED}`],
  [/\.[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\.\d{1,2}\.\d{1,4}\.\d{1,12}\.[\w-]{16,}/gi, `.${REDACTED}`],
  [/\bBasic\s+[A-Za-z0-9+/]{12,}={0,2}/g, `Basic ${REDACTED}`],
];

export interface RedactOptions {
  /** Keeps prompts as they are. */
  readonly keepPrompts?: boolean;
  /** Known secrets (the API key, signing keys), removed from every text. */
  readonly secrets?: readonly string[];
}

/**
 * A text of such characters alone, as ids, statuses and names of events are, names no secret and holds no address. Of all known forms of a
 * secret only a capability has no other character, and the shortest one has 60 of them.
 */
const PLAIN = /^[\w.-]*$/;
const MIN_FORM_LENGTH = 60;

/** A shorter secret would be found in words that hold none. */
const MIN_SECRET_LENGTH = 6;

/**
 * Removes everything that must never be written (I8): keys, capabilities, queries of presigned URLs and, unless kept, prompts. Takes
 * bounded
 * time: of a text of any length only the first 4,096 characters are examined and kept.
 */
export function redactText(text: string, { keepPrompts = false, secrets = [] }: RedactOptions = {}): string {
  let redacted = boundText(text, MAX_TEXT, secrets);
  for (const secret of secrets) {
    if (secret.length >= MIN_SECRET_LENGTH) redacted = redacted.replaceAll(secret, REDACTED);
  }
  if (redacted.length < MIN_FORM_LENGTH && PLAIN.test(redacted)) return redacted;
  for (const [shape, replacement] of shapes) redacted = redacted.replace(shape, replacement);
  redacted = hideSecrets(redacted, { mark: REDACTED, keepPrompts });
  return redacted.length <= MAX_TEXT ? redacted : `${redacted.slice(0, MAX_TEXT)}…`;
}
