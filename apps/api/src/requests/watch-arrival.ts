import type { IncomingMessage } from 'node:http';

const EVERY_MS = 5000;
/** Bytes that must arrive between two looks. */
const LEAST_BYTES = 64 * 1024;

/** Calls back once if a body stops arriving, or arrives in drops: its room is taken from those of others. @returns what ends the watch. */
export function watchArrival(request: IncomingMessage, onStalled: () => void): () => void {
  const { socket } = request;
  let before = socket.bytesRead;
  const timer = setInterval(() => {
    const arrived = socket.bytesRead - before;
    before = socket.bytesRead;
    if (!request.complete && arrived >= LEAST_BYTES) return;
    clearInterval(timer);
    if (!request.complete) onStalled();
  }, EVERY_MS);
  return () => clearInterval(timer);
}
