import { connect } from 'node:net';
import { ConfigError, defined, LocalStackError } from '@darkroom/contracts';
import { createProducer, type Producer } from '@darkroom/producer';
import { createImages, type Images } from '@darkroom/producer/images';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import { findCandidates, type Candidate } from '../operate/connect-redis.ts';
import { findBucket } from '../operate/open-bucket.ts';

/** Parts that a user's command works with: the library of backends, and the bucket if it needs one. */
export interface Client {
  readonly producer: Producer;
  /** Address of its Redis, which may hold a password, and its prefix. */
  readonly redis: { readonly redisUrl: string; readonly prefix: string };
  /** Opens the bucket, once. @throws ConfigError, LocalStackError */
  images(): Images;
}

/** Runs work with the library on the Darkroom that the command finds. @throws ConfigError; LocalStackError if there is none. */
export async function withClient(
  { dataDir, tenant }: { readonly dataDir: string | undefined; readonly tenant?: string | undefined },
  { environment, root }: Pick<CommandContext, 'environment' | 'root'>,
  work: (client: Client) => Promise<ExitCode>,
): Promise<ExitCode> {
  if (environment['DARKROOM_URL'] !== undefined && environment['REDIS_URL'] === undefined)
    throw new ConfigError([
      {
        path: 'DARKROOM_URL',
        message:
          'is not used by this version: user commands reach a Darkroom by REDIS_URL; unset DARKROOM_URL to take the one of this folder',
      },
    ]);
  const { settings, folder } = await findAnswering(findCandidates({ environment, dataDir, root }));
  const redis = { redisUrl: settings.url, prefix: settings.prefix };
  const producer = createProducer(redis);
  let images: Images | undefined;
  try {
    return await work({
      producer,
      redis,
      images() {
        const { bucket, region, endpoint, credentials } = findBucket(environment, folder);
        return (images ??= createImages({ bucket, region, ...defined({ endpoint, credentials, tenant }) }));
      },
    });
  } finally {
    images?.close();
    await producer.close();
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
