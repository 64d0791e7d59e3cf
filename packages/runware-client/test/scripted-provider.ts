import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface SeenRequest {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingHttpHeaders;
  /** The parsed JSON body; undefined for an empty one. */
  body: unknown;
}

export type Script = (request: SeenRequest, response: ServerResponse) => void;

/** A real HTTP server on loopback that answers as the test scripts. */
export interface ScriptedProvider {
  /** Base URL without a trailing slash. */
  url: string;
  host: string;
  seen: SeenRequest[];
  /** Sets the answer from now on. */
  script: Script;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startScriptedProvider(script: Script = answerJson(200, { data: [] })): Promise<ScriptedProvider> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const heard = {
        method: request.method,
        path: request.url,
        headers: request.headers,
        body: text === '' ? undefined : (JSON.parse(text) as unknown),
      };
      seen.push(heard);
      provider.script(heard, response);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  // A TCP server has an address of this form once it listens.
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider: ScriptedProvider = {
    url: `http://${host}`,
    host,
    seen,
    script,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return provider;
}

export const answerJson =
  (status: number, body: unknown, headers: Record<string, string> = {}): Script =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };

export const answerText =
  (status: number, body: string, headers: Record<string, string> = {}): Script =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(body);
  };

/** Reads the request, then drops the connection. */
export const reset: Script = (_request, response) => {
  response.socket?.resetAndDestroy();
};

/** Sends the head and half of the announced body, then drops the connection. */
export const answerHalf =
  (status: number): Script =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': '1000' });
    response.write('{"data":[', () => response.socket?.destroy());
  };

export const neverAnswer: Script = () => {};
