import path from 'node:path';
import { parseArgs } from 'node:util';

/** How to get an embedded Redis: a server on PATH, a private copy out of Debian's packages, or one in JavaScript that forgets. */
export const redisChoices = ['binary', 'deb', 'js'] as const;
export type RedisChoice = (typeof redisChoices)[number];

/** What was asked for on the command line. */
export type Command =
  | { kind: 'start'; once: boolean; dataDir: string; redis?: RedisChoice }
  | { kind: 'help' }
  /** Nothing can be done; the message says what is wrong and what is allowed. */
  | { kind: 'wrong'; message: string };

export const helpText = `darkroom start [options]      (npm start -- [options])

Starts the whole of Darkroom on this machine: Redis, S3, a Runware emulator, a worker, a webhook receiver and a
dashboard. Buys the three example images of the model's page from the emulator, saves them, and runs on until Ctrl-C.

  --once              stop when the images are there; exit code 0 only if all of them were verified
  --data-dir <folder> where everything is kept; .local/data when absent
  --redis <way>       the embedded Redis: ${redisChoices.join(', ')}; the best that works when absent
  --help              this text

Environment: REDIS_URL (with DARKROOM_PREFIX) and S3_ENDPOINT (with S3_BUCKET, S3_REGION, S3_ACCESS_KEY_ID,
S3_SECRET_ACCESS_KEY) replace the embedded ones. FAULTS is handed to the emulator.`;

const options = {
  once: { type: 'boolean', default: false },
  'data-dir': { type: 'string' },
  redis: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/**
 * Reads the words after the name of the program.
 * @param root Folder that the default data folder lies in.
 */
export function parseCommandLine(words: readonly string[], root: string): Command {
  let parsed;
  try {
    parsed = parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    // parseArgs names the option and, for one that takes a value, how to write it.
    return wrong(error instanceof Error ? error.message.replace(/^./, (letter) => letter.toLowerCase()) : String(error));
  }
  const { values, positionals } = parsed;
  const [name = 'help', ...rest] = positionals;
  if (values.help || name === 'help') return { kind: 'help' };
  if (name !== 'start') return wrong(`there is no command "${name}"; there are: start, help`);
  if (rest.length > 0) return wrong(`start takes no words after it, got "${rest.join(' ')}"`);
  const redis = redisChoices.find((choice) => choice === values.redis);
  if (values.redis !== undefined && redis === undefined) {
    return wrong(`--redis must be one of ${redisChoices.join(', ')}, got "${values.redis}"`);
  }
  const dataDir = path.resolve(values['data-dir'] ?? path.join(root, '.local', 'data'));
  return { kind: 'start', once: values.once, dataDir, ...(redis === undefined ? {} : { redis }) };
}

const wrong = (message: string): Command => ({ kind: 'wrong', message: `${message}\n\n${helpText}` });
