import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from '../processes/own-folder.ts';
import { aptIn, type Apt } from './apt.ts';
import { doesRun } from './find-binary.ts';
import type { Environment } from '../processes/program.ts';

/** A server unpacked into a folder, with the environment in which it finds its libraries. */
export interface DebianRedis {
  readonly binary: string;
  readonly environment: Environment;
}

/** Enough on a system with the usual libraries. `redis-server` is a link to a file of `redis-tools`. */
const SHORT_LIST = ['redis-server', 'redis-tools', 'liblzf1', 'libjemalloc2'];

/** Libraries that a slim image may lack, with the names of several releases. libc6 is not among them: it must be the machine's own. */
const CLOSURE =
  'libatomic1 libstdc++6 libgcc-s1 libcap2 libgcrypt20 libgpg-error0 liblzma5 libzstd1 liblz4-1 libsystemd0 libssl3 libssl3t64'.split(' ');

/**
 * Unpacks a private Redis from the machine's own Debian or Ubuntu packages into `cacheDir`, once, without root and without a system
 * service. Two processes may do so at once, and a kill half way does no harm: each works in a folder of its own, and moves the server
 * to its place only after it has run it.
 * @throws Error without apt-get, without a network, or after the time limit; the cause says which.
 */
export async function unpackDebianRedis(cacheDir: string, environment: Environment, limitMs: number): Promise<DebianRedis> {
  const place = join(cacheDir, `redis-debian-${process.arch}`);
  const cached = await findUnpacked(place, environment);
  if (cached !== undefined) return cached;

  await mkdir(cacheDir, { recursive: true });
  await removeAbandoned(cacheDir);
  const workshop = await mkdtemp(join(cacheDir, `${WORKSHOP}${process.pid}-`));
  try {
    await unpackInto(join(workshop, 'root'), await aptIn(workshop, environment, AbortSignal.timeout(limitMs)), environment);
    // A faster process may have put a whole copy there, which a rename cannot replace; that copy is as good.
    await rename(join(workshop, 'root'), place).catch(() => undefined);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
  const unpacked = await findUnpacked(place, environment);
  if (unpacked === undefined) throw new Error(`the copy in "${place}" does not run; remove that folder to try again`);
  return unpacked;
}

async function unpackInto(root: string, apt: Apt, environment: Environment): Promise<void> {
  await apt.update();
  await apt.unpack(SHORT_LIST, root);
  if ((await findUnpacked(root, environment)) !== undefined) return;
  // One by one, so that a name unknown to this release does not stop the others.
  for (const name of CLOSURE) await apt.unpack([name], root).catch(() => undefined);
  if ((await findUnpacked(root, environment)) === undefined) throw new Error('the unpacked server does not run: a library is missing');
}

async function findUnpacked(root: string, environment: Environment): Promise<DebianRedis | undefined> {
  const binary = join(root, 'usr/bin/redis-server');
  const isThere = await access(binary).then(
    () => true,
    () => false,
  );
  if (!isThere) return undefined;
  const libraries = (await foldersEndingWith('-linux-gnu', join(root, 'usr/lib'))).concat(
    await foldersEndingWith('-linux-gnu', join(root, 'lib')),
  );
  const found = { binary, environment: { ...environment, LD_LIBRARY_PATH: libraries.join(':') } };
  return (await doesRun(found.binary, found.environment)) ? found : undefined;
}

async function foldersEndingWith(end: string, parent: string): Promise<string[]> {
  const names = await readdir(parent).catch(() => []);
  return names.filter((name) => name.endsWith(end)).map((name) => join(parent, name));
}

/** Prefix of a working folder, followed by the number of its process: this tells a killed process's folder from one in use. */
const WORKSHOP = '.unpacking-';

async function removeAbandoned(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    if (!name.startsWith(WORKSHOP)) continue;
    const owner = Number.parseInt(name.slice(WORKSHOP.length), 10);
    if (!isAlive(owner)) await rm(join(cacheDir, name), { recursive: true, force: true });
  }
}
