import { createHash } from 'node:crypto';

/** What a process sends requests to. */
export type ServerKind = 'redis' | 's3' | 'provider';

/** Everything that is another each time is left out, so that the same step of another run has the same name. */
const withoutIds = (text: string): string =>
  text
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, '<id>')
    .replaceAll(/\d{4}[-/]\d{2}[-/]\d{2}/g, '<date>')
    .replaceAll(/[0-9a-f]{24,}/gi, '<hash>')
    .replaceAll(/\d{5,}/g, '<number>');

/** "redis EVALSHA 3f2a91c0 {darkroom}:submissions:wait": the command, the script it runs, and its first key or argument. */
export function nameCommand(words: readonly string[]): string {
  const command = (words[0] ?? '').toUpperCase();
  if (command !== 'EVAL' && command !== 'EVALSHA') return `redis ${command} ${withoutIds(words[1] ?? '')}`.trimEnd();
  const text = words[1] ?? '';
  // A script that Redis does not know is sent whole; it is the same step.
  const sha = command === 'EVAL' ? createHash('sha1').update(text).digest('hex') : text;
  return `redis EVALSHA ${sha.slice(0, 8)} ${withoutIds(words[3] ?? '')}`.trimEnd();
}

const REQUEST_LINE = /^([A-Z]+) (\S+) HTTP\/1\.1\r\n/;

/** "s3 PUT /darkroom/records/<date>/<id>/0-1.intent.json". @returns undefined for what does not begin a request. */
export function nameHttpRequest(server: ServerKind, text: string): string | undefined {
  const [, method = '', target = ''] = REQUEST_LINE.exec(text) ?? [];
  if (method === '') return undefined;
  const url = new URL(target, 'http://server');
  const listed = url.searchParams.get('prefix');
  return `${server} ${method} ${withoutIds(url.pathname)}${listed === null ? '' : ` of ${withoutIds(listed)}`}`;
}
