import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { taskUuidOf, type SubmissionRef } from '@darkroom/contracts';

/** Receives the provider's webhooks and keeps them; each task has an address of its own. */
export interface WebhookCatcher {
  urlOf(ref: SubmissionRef): string;
  bodiesOf(ref: SubmissionRef): readonly string[];
  /** Called for each webhook of the submission, before it is answered. */
  when(ref: SubmissionRef, came: (body: string) => Promise<void>): void;
  stop(): Promise<void>;
}

export async function startWebhookCatcher(): Promise<WebhookCatcher> {
  const bodies = new Map<string, string[]>();
  const listeners = new Map<string, (body: string) => Promise<void>>();
  const server = createServer((request, response) => {
    void (async () => {
      const taskUUID = (request.url ?? '').slice(1);
      const body = await text(request);
      bodies.set(taskUUID, [...(bodies.get(taskUUID) ?? []), body]);
      await listeners.get(taskUUID)?.(body);
      response.writeHead(200, { connection: 'close' }).end();
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on a port
  return {
    urlOf: (ref) => `http://127.0.0.1:${port}/${taskUuidOf(ref)}`,
    bodiesOf: (ref) => bodies.get(taskUuidOf(ref)) ?? [],
    when: (ref, came) => void listeners.set(taskUuidOf(ref), came),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
