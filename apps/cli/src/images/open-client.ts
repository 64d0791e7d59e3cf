import { connect } from 'node:net';
import { defined, InvalidRequestError, LocalStackError } from '@darkroom/contracts';
import {
  createEvents,
  createProducer,
  createWebhookEndpoints,
  type DarkroomEvent,
  type EventsGap,
  type WebhookEndpoints,
} from '@darkroom/producer';
import { createImages, type Images } from '@darkroom/producer/images';
import { requestProblems } from '@darkroom/producer/shared';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import { loadSecrets, notificationKeysOf } from '../data-folder/secrets.ts';
import { findDoor } from '../http-door/door-settings.ts';
import { createHttpClient } from '../http-door/http-client.ts';
import { findCandidates, type Candidate } from '../operate/connect-redis.ts';
import { findBucket } from '../operate/open-bucket.ts';
import type { Client } from './client.ts';
import { inWordsOfOptions } from './words-of-options.ts';

/** The address of a Redis, which may hold a password, and the prefix of its Darkroom. */
interface RedisPlace {
  readonly redisUrl: string;
  readonly prefix: string;
}

/**
 * Runs work on the Darkroom that the command finds: through the HTTP API of `DARKROOM_URL`, else with the library on the Redis of `REDIS_URL` or of
 * this folder. @throws ConfigError; LocalStackError if there is none; an invalid request in the words of the command line.
 */
export async function withClient(
  { dataDir, tenant }: { readonly dataDir: string | undefined; readonly tenant?: string | undefined },
  context: Pick<CommandContext, 'environment' | 'root' | 'signals'>,
  work: (client: Client) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { environment, root, signals } = context;
  const door = findDoor(environment);
  try {
    if (door !== undefined) return await work(createHttpClient(door, { environment, tenant, signal: signals.stop }));
    const { settings, folder } = await findAnswering(findCandidates({ environment, dataDir, root }));
    const redis = { redisUrl: settings.url, prefix: settings.prefix };
    return await withLibrary(
      redis,
      { images: () => openImages(environment, folder, tenant), endpoints: () => openEndpoints(redis, environment, folder, tenant) },
      work,
    );
  } catch (error) {
    throw error instanceof InvalidRequestError ? inWordsOfOptions(error) : error;
  }
}

/** @param open Opens what a command may need beside Redis. */
async function withLibrary(
  redis: RedisPlace,
  open: { readonly images: () => Images; readonly endpoints: () => WebhookEndpoints },
  work: (client: Client) => Promise<ExitCode>,
): Promise<ExitCode> {
  const producer = createProducer(redis);
  let opened: Images | undefined;
  let endpoints: WebhookEndpoints | undefined;
  const images = (): Images => (opened ??= open.images());
  try {
    return await work({
      producer: { ...producer, requestProblems },
      events: (group, tenant, signal) => followEvents({ ...redis, group, ...defined({ tenant }) }, signal),
      putReference: (image, tenant) => images().putReferenceImage(image, defined({ tenant })),
      saveImage: (view, index, file) => images().image(view, index).save(file),
      endpoints: () => (endpoints ??= open.endpoints()),
    });
  } finally {
    await endpoints?.close();
    opened?.close();
    await producer.close();
  }
}

function openImages(environment: CommandContext['environment'], folder: string | undefined, tenant: string | undefined): Images {
  const { bucket, region, endpoint, credentials } = findBucket(environment, folder);
  return createImages({ bucket, region, ...defined({ endpoint, credentials, tenant }) });
}

function openEndpoints(
  redis: RedisPlace,
  environment: CommandContext['environment'],
  folder: string | undefined,
  tenant: string | undefined,
): WebhookEndpoints {
  const keys = environment['NOTIFICATION_KEYS'] ?? (folder === undefined ? undefined : notificationKeysOf(loadSecrets(folder)));
  const allowLoopback = folder !== undefined || environment['NOTIFIER_ALLOW_LOOPBACK'] === 'true';
  return createWebhookEndpoints({ ...redis, allowLoopback, ...defined({ tenant, keys }) });
}

/** Yields the events of a group until the signal. */
async function* followEvents(
  options: Parameters<typeof createEvents>[0],
  signal: AbortSignal,
): AsyncGenerator<DarkroomEvent | EventsGap, void, undefined> {
  const events = createEvents(options);
  const close = (): void => void events.close();
  signal.addEventListener('abort', close, { once: true });
  if (signal.aborted) close();
  try {
    yield* events;
  } finally {
    signal.removeEventListener('abort', close);
    await events.close();
  }
}

/** Returns the first that answers; the only one without asking, because the library says best what is wrong with it. */
async function findAnswering(candidates: readonly Candidate[]): Promise<Candidate> {
  const [first, ...others] = candidates;
  if (first !== undefined && others.length === 0) return first;
  for (const candidate of candidates) if (await doesListen(new URL(candidate.settings.url))) return candidate;
  if (first !== undefined) return first;
  throw new LocalStackError(
    'cannot find a Darkroom: `npm start` has not run in this folder; run `npm start` here, or set REDIS_URL (and DARKROOM_PREFIX) to one that runs elsewhere',
  );
}

const LISTEN_LIMIT_MS = 1000;

const doesListen = ({ hostname, port }: URL): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), timeout: LISTEN_LIMIT_MS });
    const finish = (isListening: boolean): void => {
      socket.destroy();
      resolve(isListening);
    };
    socket.once('connect', () => finish(true));
    for (const event of ['error', 'timeout']) socket.once(event, () => finish(false));
  });
