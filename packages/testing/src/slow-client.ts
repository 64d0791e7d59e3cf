import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * Sends a request to a server byte by byte, one every 50 ms, and never ends it.
 * @returns how long the server let it go on, in milliseconds. @throws Error when that is longer than 10 seconds.
 */
export async function trickleUntilHungUp(url: string): Promise<number> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).on('error', () => undefined); // the server may hang up while bytes are on their way
  socket.resume().write('GET /');
  const bytes = setInterval(() => socket.writable && socket.write('x'), 50);
  const startedAt = performance.now();
  try {
    await once(socket, 'close', { signal: AbortSignal.timeout(10_000) });
    return performance.now() - startedAt;
  } finally {
    clearInterval(bytes);
    socket.destroy();
  }
}
