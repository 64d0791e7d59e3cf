import { connect } from 'node:net';
import { defined, InvalidRequestError, LocalStackError } from '@darkroom/contracts';
import { createEvents, createProducer, type DarkroomEvent, type EventsGap } from '@darkroom/producer';
import { createImages, type Images } from '@darkroom/producer/images';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import { findDoor } from '../http-door/door-settings.ts';
import { createHttpClient } from '../http-door/http-client.ts';
import { findCandidates, type Candidate } from '../operate/connect-redis.ts';
import { findBucket } from '../operate/open-bucket.ts';
import type { Client } from './client.ts';
import { inWordsOfOptions } from './words-of-options.ts';

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
    if (door !== undefined) return await work(createHttpClient(door, environment, signals.stop));
    const { settings, folder } = await findAnswering(findCandidates({ environment, dataDir, root }));
    return await withLibrary({ redisUrl: settings.url, prefix: settings.prefix }, () => openImages(environment, folder, tenant), work);
  } catch (error) {
    throw error instanceof InvalidRequestError ? inWordsOfOptions(error) : error;
  }
}

/** @param open Opens the bucket, for a command that needs it. */
async function withLibrary(
  redis: { readonly redisUrl: string; readonly prefix: string },
  open: () => Images,
  work: (client: Client) => Promise<ExitCode>,
): Promise<ExitCode> {
  const producer = createProducer(redis);
  let opened: Images | undefined;
  const images = (): Images => (opened ??= open());
  try {
    return await work({
      producer,
      events: (group, tenant, signal) => followEvents({ ...redis, group, ...defined({ tenant }) }, signal),
      putReference: (image, tenant) => images().putReferenceImage(image, defined({ tenant })),
      saveImage: (view, index, file) => images().image(view, index).save(file),
    });
  } finally {
    opened?.close();
    await producer.close();
  }
}

function openImages(environment: CommandContext['environment'], folder: string | undefined, tenant: string | undefined): Images {
  const { bucket, region, endpoint, credentials } = findBucket(environment, folder);
  return createImages({ bucket, region, ...defined({ endpoint, credentials, tenant }) });
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
