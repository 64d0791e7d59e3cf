import { createServer } from 'node:net';

/**
 * A TCP port of 127.0.0.1 that nothing listened on a moment ago. Another process may take it first: whoever binds it must
 * be ready to ask again.
 * @param preferred Is given if it is free.
 */
export function freePort(preferred = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => (preferred === 0 ? reject(error) : resolve(freePort())));
    server.listen(preferred, '127.0.0.1', () => {
      const address = server.address();
      // A string is the address of a pipe, and null that of a closed server: neither can be here.
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
