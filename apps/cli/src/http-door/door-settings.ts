import { ConfigError, parseApiKey, type Problem } from '@darkroom/contracts';
import type { Environment } from '@darkroom/service-runtime';

/** The HTTP API that a user's command works with. */
export interface DoorSettings {
  /** Without a slash at its end. */
  readonly url: string;
  readonly key: string;
}

const URL_RULE = 'must be the http or https address of the API, such as https://darkroom.example.com, without user, query and fragment';

/** Reads `DARKROOM_URL` and `DARKROOM_KEY`. @returns undefined without an address. @throws ConfigError, which never repeats the key. */
export function findDoor(environment: Environment): DoorSettings | undefined {
  const address = (environment['DARKROOM_URL'] ?? '').trim();
  if (address === '') return undefined;
  const key = (environment['DARKROOM_KEY'] ?? '').trim();
  const problems: Problem[] = [];
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && `${url.username}${url.password}${url.search}${url.hash}` === '';
  if (!isPlain) problems.push({ path: 'DARKROOM_URL', message: URL_RULE });
  if (key === '')
    problems.push({ path: 'DARKROOM_KEY', message: 'must be an API key with DARKROOM_URL; darkroom keys --create <name> makes one' });
  else if (parseApiKey(key) === undefined) problems.push({ path: 'DARKROOM_KEY', message: 'is no API key, or has a typing mistake' });
  if (problems.length > 0 || url === undefined) throw new ConfigError(problems);
  return { url: url.href.replace(/\/+$/, ''), key };
}
