import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Calls back once, when an answer has ended or its connection has closed: at once, if that was while the key was looked up. An answer that waits
 * behind another one of its connection does not hear that this closes.
 */
export function onceOver(socket: Socket, response: ServerResponse, act: () => void): void {
  const end = (): void => {
    socket.off('close', end);
    response.off('close', end);
    act();
  };
  if (socket.destroyed) return act();
  // a caller may send many requests before it reads an answer
  socket.setMaxListeners(0);
  socket.once('close', end);
  response.once('close', end);
}
