import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { LocalStackError } from '@darkroom/contracts';
import type { S3Trouble } from './disturbance.ts';
import type { S3ServerOptions } from './server.ts';

/** The embedded S3 in a process of its own. */
export interface S3Process {
  readonly endpoint: string;
  /** To be killed by whoever wants to see what survives. */
  readonly pid: number;
  /** From now on it makes this trouble; a process that is started again makes none. */
  setTrouble(trouble: S3Trouble): void;
  /** Ends it and waits. May be called twice, and when it is dead already. */
  stop(): Promise<void>;
}

export type S3ProcessOptions = Pick<S3ServerOptions, 'dir' | 'port' | 'credentials' | 'region'> & { readonly bucket: string };

/** The compiled program: the package must be built, also when this file runs from source. */
const PROGRAM = fileURLToPath(new URL('../../dist/s3/main.js', import.meta.url));

/**
 * Starts the embedded S3 as a child process and waits until it listens.
 * @throws LocalStackError when it ends instead.
 */
export async function startS3Process({ dir, port = 0, credentials, region, bucket }: S3ProcessOptions): Promise<S3Process> {
  const child = spawn(process.execPath, [PROGRAM], {
    env: {
      S3_DIR: dir,
      PORT: String(port),
      S3_ACCESS_KEY_ID: credentials.accessKeyId,
      S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      S3_REGION: region,
      S3_BUCKET: bucket,
    },
    // The program ends when this channel closes: it never outlives a parent that was killed.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // A Ctrl-C in the terminal is for the parent, which still needs its storage while it stops.
    detached: process.platform !== 'win32',
  });
  const killAtExit = (): void => void child.kill('SIGTERM');
  process.once('exit', killAtExit);
  const ended = once(child, 'close')
    .catch(() => undefined)
    .finally(() => process.off('exit', killAtExit));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  try {
    const endpoint = await readEndpoint(child);
    const setTrouble = (trouble: S3Trouble): void => void (child.connected && child.send({ ...trouble }));
    return { endpoint, pid: pidOf(child), setTrouble, stop };
  } catch (cause) {
    await stop();
    throw new LocalStackError(`cannot start the embedded S3 in a process of its own: ${String(cause)}`, { cause });
  }
}

/** What the program says when it listens; an error holding its complaint when it ends first. */
function readEndpoint(child: ChildProcess): Promise<string> {
  let complaint = '';
  child.stderr?.on('data', (bytes: Buffer) => (complaint += bytes.toString()));
  return new Promise((resolve, reject) => {
    child.once('message', (said) => {
      if (typeof said === 'object' && 'endpoint' in said) resolve(String(said.endpoint));
      else reject(new Error('it said something else than where it listens'));
    });
    child.once('error', reject);
    child.once('close', () => reject(new Error(`it ended before it listened: ${complaint.trim()}`)));
  });
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('it has no process id');
  return pid;
}
