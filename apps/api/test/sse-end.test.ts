import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createHttpServer } from '@darkroom/service-runtime';
import { expect, onTestFinished, test } from 'vitest';
import { openSse } from '../src/streams/sse.ts';

test('the end of a stream disconnects a reader that does not take the rest', async () => {
  const server = createHttpServer();
  server.get('/', (_request, reply) => {
    const sse = openSse(reply, new AbortController().signal, { commentMs: 50 });
    void sse.send({ event: 'last', data: 'x'.repeat(8_000_000) }).catch(() => undefined);
    sse.end();
  });
  onTestFinished(() => server.close());
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const accepted = once(server.server, 'connection') as Promise<[Socket]>;
  const deaf = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
  onTestFinished(() => void deaf.destroy());
  deaf.pause().write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const [socket] = await accepted;
  await expect.poll(() => socket.destroyed, { timeout: 5000 }).toBe(true);
});
