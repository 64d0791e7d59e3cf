/** The calls of a naive worker to provider and bucket. */
export interface Transport {
  /** Presigns an upload to a key. */
  presign(key: string): Promise<string>;
  /** Proves that an object is there. @throws if it is not */
  head(key: string): Promise<void>;
  /** POSTs one task. @throws unless the provider takes it */
  submit(task: Readonly<Record<string, unknown>>): Promise<void>;
}

export interface TransportSettings {
  providerUrl: string;
  apiKey: string;
  s3Endpoint: string;
  bucket: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  /** Most requests to a server at once. */
  connections: number;
}

/** Lifetime of a presigned upload, in seconds. */
export const UPLOAD_SECONDS = 3600;
