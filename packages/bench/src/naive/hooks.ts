import { createServer } from 'node:http';
import { deliverySchema, type Delivery } from './settings.ts';

/** Serves the address that the provider's webhooks go to. @returns that address. */
export async function serveHooks(onDelivery: (delivery: Delivery) => Promise<void> | void): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      Promise.resolve(onDelivery(deliverySchema.parse(JSON.parse(Buffer.concat(chunks).toString())))).then(
        () => response.writeHead(204).end(),
        () => response.writeHead(500).end(),
      );
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the webhooks have no port');
  return `http://127.0.0.1:${address.port}/webhooks`;
}
