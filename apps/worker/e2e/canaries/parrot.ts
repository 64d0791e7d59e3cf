import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** Stands before the provider, keeps what it is sent, and sometimes answers by repeating all of it, as providers do in their errors. */
export interface Parrot {
  readonly url: string;
  /** Every request so far, as it came. */
  readonly heard: readonly string[];
  /** Whether each request is answered as if the account were refused, which pauses buying with the provider's words as its reason. */
  refuseAccount(isRefused: boolean): void;
  stop(): Promise<void>;
}

/** @param providerUrl Where the provider is, asked for each request. */
export async function startParrot(providerUrl: () => string): Promise<Parrot> {
  const heard: string[] = [];
  let isRefused = false;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const { authorization = '', 'x-runware-dry-run': dryRun } = request.headers;
    heard.push(body);
    const echo = isRefused ? { status: 401, code: 'invalidApiKey' } : echoes[heard.length % 8];
    if (echo !== undefined) return repeat(response, echo, body, authorization);
    const forwarded = await fetch(`${providerUrl()}${request.url}`, {
      method: 'POST',
      headers: {
        authorization,
        'content-type': 'application/json',
        connection: 'close',
        // Without it a check of the account would be a purchase.
        ...(dryRun === undefined ? {} : { 'x-runware-dry-run': String(dryRun) }),
      },
      body,
    });
    response.writeHead(forwarded.status, { 'content-type': forwarded.headers.get('content-type') ?? '', connection: 'close' });
    response.end(await forwarded.text());
  };
  const server = createServer((request, response) => {
    // A provider that is away or cuts the connection does so to us too.
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on a port
  return {
    url: `http://127.0.0.1:${port}`,
    heard,
    refuseAccount: (refused) => {
      isRefused = refused;
    },
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Echo {
  status: number;
  code: string;
}

/** Which of eight requests are answered so, and how. */
const echoes: Readonly<Record<number, Echo>> = {
  2: { status: 500, code: 'internalServerError' },
  5: { status: 429, code: 'rateLimitExceeded' },
  7: { status: 400, code: 'invalidPositivePrompt' },
};

/** An error that says the request, its task and its key: in JSON, in JSON that was quoted, and as in a URL. */
function repeat(response: ServerResponse, { status, code }: Echo, body: string, authorization: string): void {
  const [task] = JSON.parse(body) as { taskUUID: string; taskType: string }[]; // what our own client wrote
  const message = `cannot do ${body} as ${authorization} asked; ${encodeURIComponent(body)}`;
  const error = { code, message, taskUUID: task?.taskUUID, taskType: task?.taskType, parameter: body };
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify({ errors: [error] }));
}
