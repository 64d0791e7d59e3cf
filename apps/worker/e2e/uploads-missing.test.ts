import { createServer, connect, type Socket } from 'node:net';
import { createProducer } from '@darkroom/producer';
import { eventually, freePort, startFleet } from '@darkroom/testing';
import { expect, test } from 'vitest';

test('a worker warns once when several images in a row come home without an upload, and reports when uploads arrive again', async () => {
  const port = await freePort();
  // No server listens at the address in presigned URLs, like a name that only workers can resolve.
  const fleet = await startFleet({ workerEnv: { S3_PUBLIC_ENDPOINT: `http://127.0.0.1:${port}` } });
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  const sockets = new Set<Socket>();
  const s3 = new URL(fleet.s3Config.endpoint);
  const door = createServer((socket) => {
    const inside = connect(Number(s3.port), s3.hostname);
    for (const each of [socket, inside]) sockets.add(each.on('error', () => undefined));
    socket.pipe(inside).pipe(socket);
  });
  try {
    const buy = async (count: number): Promise<void> => {
      const request = { positivePrompt: 'a lighthouse', numberResults: count, width: 1024, height: 1024 } as const;
      const { generationId } = await producer.enqueue(request);
      expect(await producer.wait(generationId, { timeoutMs: 30_000 })).toMatchObject({ status: 'succeeded' });
    };
    const countOf = async (event: string): Promise<number> =>
      (await fleet.workers[0]!.log()).split('\n').filter((line) => line.includes(`"event":"${event}"`)).length;
    await buy(4);
    expect(await countOf('uploads.missing')).toBe(0);
    await buy(3);
    await eventually(async () => expect(await countOf('uploads.missing')).toBe(1));

    await new Promise<void>((resolve) => door.listen(port, '127.0.0.1', resolve));
    await buy(1);
    await eventually(async () => expect(await countOf('uploads.arrive')).toBe(1));
    expect(await countOf('uploads.missing')).toBe(1);
  } finally {
    door.close();
    for (const socket of sockets) socket.destroy();
    await producer.close();
    await fleet.stop();
  }
});
