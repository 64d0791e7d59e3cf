import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished } from 'vitest';

/** Opens a connection that sends exactly the given bytes. */
export async function dial(url: string) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined); // the server may disconnect while we still send
  let heard = '';
  socket.setEncoding('latin1').on('data', (text: string) => (heard += text));
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  return {
    say: (words: string | Uint8Array) => socket.write(words),
    hangUp: () => socket.end(),
    isOpen: () => !socket.destroyed,
    heard: () => heard,
    expectStatus: (line: string) => expect.poll(() => heard.split('\r\n', 1)[0], { timeout: 5000, interval: 5 }).toBe(line),
    closed: () => closed,
  };
}
