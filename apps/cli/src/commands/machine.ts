import path from 'node:path';
import { DEV_FOLDER } from '../data-folder/dev-folder.ts';
import { redisChoices } from '../stack/redis-choices.ts';
import { withLocalStack } from '../stack/with-local-stack.ts';
import { defineCommand } from './command.ts';
import { flag, needed, option, optionOr } from './input.ts';
import { readChoice, readPath, readUrl, readUsd, readWhole } from './read-value.ts';

export const startCommand = defineCommand({
  name: 'start',
  group: 'This machine',
  summary: 'starts the whole of Darkroom on this machine, buys three images from the emulator, and runs until Ctrl-C',
  details: [
    'Starts Redis, S3, a Runware emulator, a worker, a webhook receiver, an eraser, a dashboard and the HTTP API. Buys the three example images of the model’s page from the emulator, and saves them.',
    'With RUNWARE_API_KEY in the environment no emulator is started: the command prints what the images would cost at Runware and does nothing else. With --buy as well it buys them, for real money.',
    'REDIS_URL (with DARKROOM_PREFIX) and S3_ENDPOINT (with S3_BUCKET, S3_REGION, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY) replace the embedded ones. FAULTS goes to the emulator. RUNWARE_URL is the address of another provider. WEBHOOK_BASE_URL is a public address that leads to the receiver: the provider then sends webhooks there.',
  ],
  options: {
    once: flag('stops when the images are there; the exit code is 0 only if all of them were verified'),
    buy: flag('with RUNWARE_API_KEY: buys real images'),
    maxUsd: option('usd', 'with --buy: the most that may be spent in one day, UTC; DAILY_CAP_USD, or 1', readUsd),
    dataDir: option('folder', 'where everything is kept; .local/data when absent, .local/runware for real images', readPath),
    redis: option('source', 'the embedded Redis; the best that works when absent', readChoice(redisChoices), { choices: redisChoices }),
  },
  examples: [
    ['darkroom start --once', 'shows the way of an image, and stops'],
    ['darkroom start --redis js', 'needs no Redis on this machine, and forgets everything at the end'],
  ],
  endsItself: true,
  run: async (values, context) => (await import('../start-or-quote.ts')).startOrQuote(values, context),
});

export const devCommand = defineCommand({
  name: 'dev',
  group: 'This machine',
  summary: 'starts a whole Darkroom for development in this folder, without a key, and runs until Ctrl-C',
  details: [
    'Starts Redis, S3, a Runware emulator, a worker, a webhook receiver, an eraser, a dashboard and the HTTP API on loopback, and prints the doors with a first line for each. It never buys: it leaves addresses and keys of the environment alone. Other commands in this folder find it by themselves.',
    'Redis is valkey-server or redis-server of this machine, else a private copy from its Debian packages, else one in JavaScript, which forgets everything at the end.',
  ],
  options: {
    dataDir: optionOr(path.resolve(DEV_FOLDER), 'folder', `where everything is kept; ${DEV_FOLDER} when absent`, readPath),
    redis: option('source', 'the Redis; the best that works when absent', readChoice(redisChoices), { choices: redisChoices }),
  },
  examples: [['darkroom dev', 'starts it here']],
  endsItself: true,
  run: (values, context) => withLocalStack(context.terminal, async () => (await import('../dev.ts')).runDev(values, context)),
});

export const probeCommand = defineCommand({
  name: 'probe',
  group: 'Operation',
  summary: 'asks the provider what its documentation does not say; buys images with RUNWARE_API_KEY',
  details: ['It spends 0.142 USD at worst, and 0.02 more with --wait or --catcher.'],
  options: {
    maxUsd: needed(
      'usd',
      'the most that may be spent; a step that could cross it is left out',
      'probe spends money at the provider: name the most that it may spend, such as --max-usd 0.50',
      readUsd,
    ),
    wait: optionOr(0, 'seconds', 'asks again after this time what the provider still remembers', readWhole(0, 86_400)),
    catcher: option('url', 'public address that leads to --catcher-port: probes webhooks and uploads as well', readUrl),
    catcherPort: optionOr(0, 'n', 'where to listen for them; any free port when absent', readWhole(0, 65_535)),
    out: option(
      'file',
      'a new file for every request and answer, without secrets and prompts; probe-<date>.json in this folder when absent',
      readPath,
    ),
  },
  afterInterruption: 'a task that was under way may still end at the provider, and is in the sum above',
  examples: [['darkroom probe --max-usd 0.50', 'asks everything that needs no public address']],
  endsItself: true,
  async run({ maxUsd: maxNanoUsd, wait, catcher, catcherPort, out }, context) {
    const { runProbe } = await import('../probe/run-probe.ts');
    const { environment, terminal, signals } = context;
    const command = { maxNanoUsd, waitMs: 1000 * wait, catcherUrl: catcher, catcherPort, out };
    return runProbe({ command, environment, terminal, stop: signals.stop });
  },
});
