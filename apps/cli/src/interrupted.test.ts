import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { runCommand } from './app.ts';
import { mintApiKey } from '@darkroom/contracts';

test('a command that is interrupted while the API does not answer says so, once', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => server.close().closeAllConnections());
  const [stop, hurry] = [new AbortController(), new AbortController()];
  server.on('request', () => stop.abort(new Error('SIGINT')));
  const said: string[] = [];
  const note = (...lines: string[]): void => void said.push(...lines);
  const terminal = {
    print: note,
    complain: note,
    isLive: false,
    draw: note,
    keepDrawing: note,
    paint: (_style: unknown, text: string) => text,
  };
  const environment = {
    DARKROOM_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    DARKROOM_KEY: mintApiKey('test').text,
  };
  const signals = { stop: stop.signal, hurry: hurry.signal };
  const words = ['generate', 'a red door', '--detach'];
  expect(await runCommand({ words, environment, terminal: { ...terminal, draw: () => undefined }, signals })).toBe(130);
  expect(said).toEqual([
    'interrupted; what is queued is made all the same, and darkroom list shows it: run again without --from or --idempotency-key, it buys anew',
  ]);
});
