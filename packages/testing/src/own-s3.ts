import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { freePort, startS3Process, type S3Credentials, type S3Process, type S3Trouble } from '@darkroom/local-stack';

/** An S3 of the test's own, as a process that may be away or in trouble; its address and its objects stay. */
export interface OwnS3 {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly credentials: S3Credentials;
  /** Folder of the bucket, readable as files. */
  readonly bucketDir: string;
  /** Process id from a start to a stop. */
  readonly pid: number | undefined;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Sends SIGKILL. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** Sets the trouble of the running server; a start begins without trouble. */
  setTrouble(trouble: S3Trouble): void;
}

/** Reserves an address for an S3 with its objects in `dir`; no server answers there before `start`. */
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
      await running.kill();
      running = undefined;
    },
    setTrouble: (trouble) => running?.setTrouble(trouble),
  };
}
