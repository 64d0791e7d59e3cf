import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A bucket in memory that lets its caller wait, as one that is far away does. */
export interface SlowBucket extends AsyncDisposable {
  readonly endpoint: string;
  readonly port: number;
  readonly requests: { list: number; get: number; put: number };
  /**
   * @param body Made when it is read, if it is a function: a million objects need no memory for their texts.
   * @param writtenAt Milliseconds since 1970.
   */
  put(key: string, body: string | (() => string), writtenAt?: number): void;
  stop(): Promise<void>;
}

const LONG_AGO = Date.parse('2026-11-22T00:00:00.000Z');

/** Starts one that takes so long for each request, in milliseconds. It knows lists, reads, writes and deletes, and no signatures. */
export async function startSlowBucket(name: string, takesMs: number): Promise<SlowBucket> {
  const objects = new Map<string, { body: string | Buffer | (() => string); writtenAt: number }>();
  let keys: string[] | undefined;
  const requests = { list: 0, get: 0, put: 0 };

  function list(query: URLSearchParams): string {
    keys ??= [...objects.keys()].toSorted();
    const prefix = query.get('prefix') ?? '';
    if (query.has('delimiter')) return listFolders(keys, prefix);
    const after = query.get('continuation-token') ?? query.get('start-after') ?? '';
    const from = firstFrom(keys, after > prefix ? `${after}\0` : prefix);
    const page = keys.slice(from, from + Number(query.get('max-keys') ?? 1000)).filter((key) => key.startsWith(prefix));
    const next = keys[from + page.length];
    const isCut = page.length > 0 && next !== undefined && next.startsWith(prefix);
    const contents = page.map(
      (key) =>
        `<Contents><Key>${key}</Key><LastModified>${new Date(objects.get(key)?.writtenAt ?? 0).toISOString()}</LastModified></Contents>`,
    );
    const token = isCut ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
    return `<ListBucketResult><IsTruncated>${isCut}</IsTruncated>${token}${contents.join('')}</ListBucketResult>`;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://bucket');
    const key = decodeURIComponent(url.pathname.slice(name.length + 2));
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    await new Promise((resolve) => setTimeout(resolve, takesMs));
    if (request.method === 'PUT') {
      requests.put += 1;
      if (request.headers['if-none-match'] !== undefined && objects.has(key)) {
        response.statusCode = 412;
        response.end('<Error><Code>PreconditionFailed</Code></Error>');
        return;
      }
      if (!objects.has(key)) keys?.splice(firstFrom(keys, key), 0, key);
      objects.set(key, { body: Buffer.concat(body), writtenAt: Date.now() });
      response.end();
    } else if (request.method === 'DELETE') {
      if (objects.delete(key)) keys = undefined;
      response.statusCode = 204;
      response.end();
    } else if (key === '') {
      requests.list += 1;
      response.setHeader('content-type', 'application/xml').end(list(url.searchParams));
    } else {
      requests.get += 1;
      const found = objects.get(key);
      if (found === undefined) response.statusCode = 404;
      const text = typeof found?.body === 'function' ? found.body() : found?.body;
      response.end(text ?? '<Error><Code>NoSuchKey</Code></Error>');
    }
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on a port
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    requests,
    put: (key, body, writtenAt = LONG_AGO) => {
      objects.set(key, { body, writtenAt });
      keys = undefined;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Lists the folders under a prefix, all in one page. */
function listFolders(keys: readonly string[], prefix: string): string {
  const folders: string[] = [];
  for (let at = firstFrom(keys, prefix); keys[at]?.startsWith(prefix) === true;) {
    const folder = `${prefix}${(keys[at] ?? '').slice(prefix.length).split('/')[0]}/`;
    folders.push(`<CommonPrefixes><Prefix>${folder}</Prefix></CommonPrefixes>`);
    // behind all that lies in it
    at = firstFrom(keys, `${folder}\u{10ffff}`);
  }
  return `<ListBucketResult><IsTruncated>false</IsTruncated>${folders.join('')}</ListBucketResult>`;
}

/** The place of the first key that does not sort before `begin`. */
function firstFrom(keys: readonly string[], begin: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? '') < begin) low = middle + 1;
    else high = middle;
  }
  return low;
}
