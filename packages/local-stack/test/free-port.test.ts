import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../src/index.ts';

async function listen(port: number): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
}

test('a port lies outside the range of outgoing connections', async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, () => freePort()));
  expect(ports.filter((port) => port < 20_000 || port >= 32_000)).toEqual([]);
});

test('no port is given twice, although nothing listens there', async () => {
  const ports = await Promise.all(Array.from({ length: 200 }, () => freePort()));
  expect(new Set(ports).size).toBe(200);
});

test('a port that this process keeps is not given to another one, and is free again after its end', async () => {
  const source = fileURLToPath(new URL('../dist/free-port.js', import.meta.url));
  const askAnother = async (preferred: number): Promise<number> => {
    const lines = `const { freePort } = await import(${JSON.stringify(source)}); console.log(await freePort(${preferred}));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', lines]);
    return Number(stdout);
  };
  const own = await freePort();
  const others = await askAnother(own);
  expect(others).not.toBe(own);
  expect(await freePort(others), 'its process has ended').toBe(others);
});

test('the preferred port is returned as often as it is free', async () => {
  const port = await freePort();
  expect([await freePort(port), await freePort(port)]).toEqual([port, port]);
  await listen(port);
  expect(await freePort(port)).not.toBe(port);
});
