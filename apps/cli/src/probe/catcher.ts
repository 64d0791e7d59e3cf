import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { Recorder } from '@darkroom/runware-client';

/** One request of the provider. Holds no values of headers, which may be secrets; the transcript has those of listed headers. */
export interface Caught {
  at: number;
  method: string;
  path: string;
  headers: readonly string[];
  contentType: string | undefined;
  isChunked: boolean;
  sizeBytes: number;
  /** The form of a JSON body: "flat", "data", "errors", "array", "not JSON". */
  bodyForm: string;
}

export interface Catcher {
  readonly port: number;
  readonly caught: readonly Caught[];
  /** Sets the status that answers requests to a path; 200 unless set. */
  answer(pathPrefix: string, status: number): void;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** Listens for webhooks and uploads of a provider. @param now A monotonic clock, in milliseconds. */
export async function startCatcher(port: number, now: () => number, recorder: Recorder): Promise<Catcher> {
  const caught: Caught[] = [];
  const statuses = new Map<string, number>();
  const server = createServer((request, response) => {
    void (async () => {
      const body = await readBody(request);
      const { method = '', url = '', headers } = request;
      caught.push({
        at: now(),
        method,
        path: url,
        headers: Object.keys(headers).toSorted(),
        contentType: headers['content-type'],
        isChunked: headers['transfer-encoding'] !== undefined,
        sizeBytes: body.length,
        bodyForm: formOf(body),
      });
      const status = [...statuses].find(([prefix]) => url.startsWith(prefix))?.[1] ?? 200;
      const kind = url.startsWith('/upload/') ? 'upload' : 'webhook';
      const named = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
      recorder.delivery({ kind, method, headers: named, body, status }, Date.now());
      response.writeHead(status, { connection: 'close' }).end();
    })().catch(() => response.destroy());
  });
  server.listen(port);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    caught,
    answer: (pathPrefix, status) => void statuses.set(pathPrefix, status),
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length; // a request without an encoding gives buffers
    if (size > MAX_BODY_BYTES) throw new RangeError('too large');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function formOf(body: Buffer): string {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (Array.isArray(value)) return 'array';
    if (typeof value !== 'object' || value === null) return 'not an object';
    return 'data' in value ? 'data' : 'errors' in value ? 'errors' : 'flat';
  } catch {
    return 'not JSON';
  }
}
