import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LocalStackError } from '@darkroom/contracts';
import { isAlive } from './processes/own-folder.ts';

/**
 * Below the ports that a system gives to outgoing connections (Linux from 32768, macOS and Windows from 49152): one of those may be
 * taken by a connection of any process while nothing listens there yet, or while the process that does is restarted.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 31_999;
const TRIES = 200;

/**
 * Returns a TCP port of 127.0.0.1 where nothing listens, and keeps it for this process: no other process of this user is given it by
 * this function before this one has ended.
 * @param preferred Returned if nothing listens there and no other process keeps it; may lie outside the range.
 * @throws LocalStackError if no port is free, or the folder of temporary files cannot be written.
 */
export async function freePort(preferred?: number): Promise<number> {
  if (preferred !== undefined && keep(preferred) !== 'other' && (await isFree(preferred))) return preferred;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    if (keep(port) === 'new' && (await isFree(port))) return port;
  }
  throw new LocalStackError(`finds no free port of 127.0.0.1 from ${FIRST_PORT} to ${LAST_PORT} in ${TRIES} tries`);
}

/** Notes this process as the one that keeps a port. @returns "other" if another living process keeps it, "own" if this one already did. */
function keep(port: number): 'new' | 'own' | 'other' {
  const folder = path.join(tmpdir(), `darkroom-ports-${process.getuid?.() ?? 'user'}`);
  const file = path.join(folder, String(port));
  try {
    mkdirSync(folder, { recursive: true });
    if (writeNew(file)) return 'new';
    const owner = Number(readFileSync(file, 'utf8'));
    if (owner === process.pid) return 'own';
    // An empty file is being written by its owner.
    if (owner === 0 || isAlive(owner)) return 'other';
    rmSync(file, { force: true });
    return writeNew(file) ? 'new' : 'other';
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'other'; // another process has just taken it over
    throw new LocalStackError(`cannot note a port in "${folder}": ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** @returns false if the file exists. */
function writeNew(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => void server.close(() => resolve(true)));
  });
}
