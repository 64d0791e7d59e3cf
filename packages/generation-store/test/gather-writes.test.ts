import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { uniquePrefix } from '@darkroom/testing';
import { expect, inject, test } from 'vitest';
import { connectPatient } from '../src/index.ts';

/** A connection of ours through a proxy that keeps each packet of the client. */
async function setup() {
  const { hostname, port } = new URL(inject('redisUrl'));
  const packets: string[] = [];
  const proxy = createServer((client) => {
    const server = connect(Number(port), hostname);
    client.on('data', (packet) => {
      packets.push(packet.toString());
      server.write(packet);
    });
    server.pipe(client);
    for (const socket of [client, server])
      socket.on('error', () => undefined).on('close', () => [client, server].forEach((each) => each.destroy()));
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  // The address of a server that listens on a port.
  const redis = connectPatient(`redis://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  await redis.ping();
  packets.length = 0;
  return {
    redis,
    packets,
    key: `${uniquePrefix()}:count`,
    async [Symbol.asyncDispose]() {
      redis.disconnect();
      await once(proxy.close(), 'close');
    },
  };
}

test('commands of one turn travel in one packet, in their order', async () => {
  await using world = await setup();
  const { redis, packets, key } = world;
  const first = Array.from({ length: 50 }, () => redis.incr(key));
  // Of the same turn: the callback of a promise writes before the packet leaves.
  const later = Promise.resolve().then(() => redis.incr(key));
  expect(await Promise.all(first)).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
  expect(await later).toBe(51);
  expect(packets).toHaveLength(1);
});

test('a command of a later turn waits for no other', async () => {
  await using world = await setup();
  const { redis, packets, key } = world;
  for (let count = 1; count <= 3; count += 1) {
    expect(await redis.incr(key)).toBe(count);
    await setImmediate();
  }
  expect(packets).toHaveLength(3);
  await redis.del(key);
});
