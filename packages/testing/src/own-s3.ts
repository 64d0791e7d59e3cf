import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { freePort, startS3Process, type S3Credentials, type S3Process, type S3Trouble } from '@darkroom/local-stack';

/** An S3 of one's own in a process of its own, which may be away or in trouble: its address and its objects stay. */
export interface OwnS3 {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly credentials: S3Credentials;
  /** Where the bucket is kept, to be read as files. */
  readonly bucketDir: string;
  /** Process id, while it was started and not stopped. */
  readonly pid: number | undefined;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Nothing happens while it is away; after a start there is no trouble. */
  setTrouble(trouble: S3Trouble): void;
}

/** Chooses an address for an S3 that keeps its objects in `dir`; nothing answers there before `start`. */
export async function reserveS3(dir: string): Promise<OwnS3> {
  const port = await freePort();
  const [region, bucket] = ['us-east-1', 'darkroom'];
  const credentials = { accessKeyId: 'test', secretAccessKey: randomBytes(24).toString('hex') };
  let running: S3Process | undefined;
  const stop = async (): Promise<void> => {
    await running?.stop();
    running = undefined;
  };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    region,
    bucket,
    credentials,
    bucketDir: join(dir, 'buckets', bucket),
    get pid() {
      return running?.pid;
    },
    start: async () => {
      running ??= await startS3Process({ dir, port, credentials, region, bucket });
    },
    stop,
    kill: async () => {
      if (running === undefined) throw new Error('this S3 does not run');
      process.kill(running.pid, 'SIGKILL');
      await stop();
    },
    setTrouble: (trouble) => running?.setTrouble(trouble),
  };
}
