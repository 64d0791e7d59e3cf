import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * Sends a request byte by byte, one every 50 ms, without an end.
 * @returns the time until the server hangs up, in milliseconds. @throws Error after 10 seconds.
 */
export async function trickleUntilHungUp(url: string): Promise<number> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).on('error', () => undefined); // the server may hang up while bytes are under way
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
