import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';

/** The answer of an operation. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | FileBytes;
}

/** An open file of at least one byte. Sending the reply closes it. */
interface FileBytes {
  readonly descriptor: number;
  readonly sizeBytes: number;
}

export const xmlReply = (document: string, status = 200): Reply => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: document,
});

/** Sends a reply completely. Rejects if the client leaves first. */
export async function sendReply(response: ServerResponse, { status, headers = {}, body = '' }: Reply, isHead: boolean): Promise<void> {
  const sizeBytes = typeof body === 'string' ? Buffer.byteLength(body) : body.sizeBytes;
  const hasLength = status !== 204 && status !== 304;
  response.writeHead(status, { ...(hasLength ? { 'content-length': String(sizeBytes) } : {}), ...headers });
  if (typeof body === 'string') {
    response.end(isHead ? undefined : body);
    return;
  }
  const file = createReadStream('', { fd: body.descriptor, start: 0, highWaterMark: 256 * 1024 });
  await pipeline(file, response);
}
