import { createHash } from 'node:crypto';

/** The kinds of servers that a process sends requests to. */
export type ServerKind = 'redis' | 's3' | 'provider';

/** Removes ids and other varying parts, so that the same step has the same name in every run. */
const withoutIds = (text: string): string =>
  text
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, '<id>')
    .replaceAll(/\d{4}[-/]\d{2}[-/]\d{2}/g, '<date>')
    .replaceAll(/[0-9a-f]{24,}/gi, '<hash>')
    .replaceAll(/\d{5,}/g, '<number>');

/** Names a command by its word, its script, and its first key or argument: "redis EVALSHA 3f2a91c0 {darkroom}:submissions:wait". */
export function nameCommand(words: readonly string[]): string {
  const command = (words[0] ?? '').toUpperCase();
  if (command !== 'EVAL' && command !== 'EVALSHA') return `redis ${command} ${withoutIds(words[1] ?? '')}`.trimEnd();
  const text = words[1] ?? '';
  // ioredis sends a script whole if Redis does not know it; this is the same step.
  const sha = command === 'EVAL' ? createHash('sha1').update(text).digest('hex') : text;
  return `redis EVALSHA ${sha.slice(0, 8)} ${withoutIds(words[3] ?? '')}`.trimEnd();
}

const REQUEST_LINE = /^([A-Z]+) (\S+) HTTP\/1\.1\r\n/;

/** Names a request: "s3 PUT /darkroom/records/<date>/<id>/0-1.intent.json". @returns undefined for text that begins no request. */
export function nameHttpRequest(server: ServerKind, text: string): string | undefined {
  const [, method = '', target = ''] = REQUEST_LINE.exec(text) ?? [];
  if (method === '') return undefined;
  const url = new URL(target, 'http://server');
  const listed = url.searchParams.get('prefix');
  return `${server} ${method} ${withoutIds(url.pathname)}${listed === null ? '' : ` of ${withoutIds(listed)}`}`;
}
