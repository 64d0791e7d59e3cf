import { fileURLToPath } from 'node:url';
import { LocalStackError } from '@darkroom/contracts';
import { startProgram } from '../processes/program.ts';
import type { S3Trouble } from './disturbance.ts';
import type { S3ServerOptions } from './server.ts';

/** The embedded S3 as a process of its own. */
export interface S3Process {
  readonly endpoint: string;
  /** Process id, also after its end. */
  readonly pid: number;
  /** Makes this trouble from now on; a restarted process makes none. */
  setTrouble(trouble: S3Trouble): void;
  /** Ends the process and waits. A second call, or one after its death, does nothing. */
  stop(): Promise<void>;
  /** Sends SIGKILL and waits for the end. */
  kill(): Promise<void>;
}

export type S3ProcessOptions = Pick<S3ServerOptions, 'dir' | 'port' | 'credentials' | 'region'> & { readonly bucket: string };

/** The compiled program: the package must be built, even if this module runs from its source. */
const PROGRAM = fileURLToPath(new URL('../../dist/s3/main.js', import.meta.url));

const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 5_000;

/**
 * Starts the embedded S3 as a child process and waits until it listens.
 * @throws LocalStackError if the process ends instead.
 */
export async function startS3Process({ dir, port = 0, credentials, region, bucket }: S3ProcessOptions): Promise<S3Process> {
  const program = startProgram({
    name: 'embedded S3',
    args: [PROGRAM],
    environment: {
      S3_DIR: dir,
      PORT: String(port),
      S3_ACCESS_KEY_ID: credentials.accessKeyId,
      S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      S3_REGION: region,
      S3_BUCKET: bucket,
    },
    // The program ends when this channel closes, so that it never outlives a killed parent.
    hasChannel: true,
    // A Ctrl-C must not reach the program: this process needs its storage while it stops.
    hasOwnGroup: true,
    signalAtExit: 'SIGTERM',
  });
  const { child } = program;
  let endpoint: string | undefined;
  child.once('message', (said) => (endpoint = typeof said === 'object' && 'endpoint' in said ? String(said.endpoint) : undefined));
  const stop = async (): Promise<void> => void (await program.stop(STOP_LIMIT_MS));
  try {
    await program.untilReady(() => Promise.resolve(endpoint === undefined ? { what: 'it does not listen' } : undefined), START_LIMIT_MS);
    if (endpoint === undefined || child.pid === undefined) throw new Error('the embedded S3 has no address or no process id');
    const setTrouble = (trouble: S3Trouble): void => void (child.connected && child.send({ ...trouble }));
    return { endpoint, pid: child.pid, setTrouble, stop, kill: () => program.kill() };
  } catch (cause) {
    await stop();
    throw new LocalStackError(`cannot start the embedded S3 in a process of its own: ${String(cause)}`, { cause });
  }
}
