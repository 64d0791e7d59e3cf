import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { LocalStackError } from '@darkroom/contracts';
import type { S3ServerOptions } from './server.ts';

/** The embedded S3 in a process of its own. */
export interface S3Process {
  readonly endpoint: string;
  /** To be killed by whoever wants to see what survives. */
  readonly pid: number;
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
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killAtExit = (): void => void child.kill('SIGTERM');
  process.once('exit', killAtExit);
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  }).finally(() => process.off('exit', killAtExit));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  try {
    return { endpoint: await readEndpoint(child), pid: pidOf(child), stop };
  } catch (cause) {
    await stop();
    throw new LocalStackError(`cannot start the embedded S3 in a process of its own: ${String(cause)}`, { cause });
  }
}

/** The one line that the program prints when it listens; an error holding its complaint when it ends first. */
async function readEndpoint({ stdout, stderr }: ChildProcessByStdio<null, Readable, Readable>): Promise<string> {
  let complaint = '';
  stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString()));
  for await (const line of createInterface({ input: stdout })) {
    const said: unknown = JSON.parse(line);
    if (typeof said === 'object' && said !== null && 'endpoint' in said && typeof said.endpoint === 'string') return said.endpoint;
  }
  await finished(stderr);
  throw new Error(`it ended before it listened: ${complaint.trim()}`);
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('it has no process id');
  return pid;
}
