import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { defined } from '@darkroom/contracts';

/** A proxy before the provider. It keeps each request, and sometimes repeats it whole in an error, as providers do. */
export interface Parrot {
  readonly url: string;
  /** Every request so far, as it came. */
  readonly heard: readonly string[];
  /** Makes the proxy refuse the account in each answer, which pauses buying with the provider's words as its reason. */
  refuseAccount(isRefused: boolean): void;
  stop(): Promise<void>;
}

/** @param providerUrl Returns the address of the provider; called for each request. */
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
        // A check of the account without this header would be a purchase.
        ...defined({ 'x-runware-dry-run': dryRun?.toString() }),
      },
      body,
    });
    response.writeHead(forwarded.status, { 'content-type': forwarded.headers.get('content-type') ?? '', connection: 'close' });
    response.end(await forwarded.text());
  };
  const server = createServer((request, response) => {
    // When the provider is away or cuts the connection, so does the proxy.
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

/** Answers by the number of a request, counted modulo eight. */
const echoes: Readonly<Record<number, Echo>> = {
  2: { status: 500, code: 'internalServerError' },
  5: { status: 429, code: 'rateLimitExceeded' },
  7: { status: 400, code: 'invalidPositivePrompt' },
};

/** Answers with an error that repeats the request, its task and its key: in JSON, in quoted JSON and encoded for a URL. */
function repeat(response: ServerResponse, { status, code }: Echo, body: string, authorization: string): void {
  const [task] = JSON.parse(body) as { taskUUID: string; taskType: string }[]; // our own client wrote it
  const message = `cannot do ${body} as ${authorization} asked; ${encodeURIComponent(body)}`;
  const error = { code, message, taskUUID: task?.taskUUID, taskType: task?.taskType, parameter: body };
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify({ errors: [error] }));
}
