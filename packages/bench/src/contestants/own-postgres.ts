import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startProgram } from '@darkroom/local-stack';
import { runOrThrow } from '../run-or-throw.ts';
import type { Ground } from './contestant.ts';

/** Where Debian puts each version of Postgres. */
const DEBIAN = '/usr/lib/postgresql';
/** Id of a user and group that every Linux has. A bench that runs as root starts Postgres as this user, because Postgres refuses root. */
const UNPRIVILEGED = 65_534;
const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 5_000;

export interface OwnPostgres {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Returns the folder of the newest installed Postgres. */
export async function findPostgres({ PATH = '' }: Ground['environment']): Promise<string | undefined> {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).toSorted((one, other) => Number(other) - Number(one)) : [];
  const folders = [...versions.map((version) => join(DEBIAN, version, 'bin')), ...PATH.split(':')];
  return folders.find((folder) => ['initdb', 'postgres'].every((program) => existsSync(join(folder, program))));
}

/** Starts a Postgres for one contestant alone. Its settings are those it ships with: it writes each commit to the disk. */
export async function startOwnPostgres({ environment, noteVersion }: Ground, folder: string): Promise<OwnPostgres> {
  // Outside of the folder of the run, which other users may not enter.
  const directory = mkdtempSync(join(tmpdir(), 'darkroom-bench-postgres-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(directory, UNPRIVILEGED, UNPRIVILEGED);
  const as = (program: string, ...words: string[]) => ({
    name: program,
    environment: { ...environment, LC_ALL: 'C' },
    ...(isRoot
      ? {
          command: 'setpriv',
          args: [`--reuid=${UNPRIVILEGED}`, `--regid=${UNPRIVILEGED}`, '--clear-groups', join(folder, program), ...words],
        }
      : { command: join(folder, program), args: words }),
  });
  await runOrThrow(as('initdb', '--pgdata', directory, '--username', 'bench', '--auth', 'trust', '--no-sync'));
  const port = await freePort();
  const program = startProgram({
    ...as('postgres', '-D', directory, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='),
    hasOwnGroup: true,
    signalAtExit: 'SIGTERM',
  });
  await program.untilReady(
    () => Promise.resolve(program.output().includes('ready to accept connections') ? undefined : { what: 'it takes no connections' }),
    START_LIMIT_MS,
  );
  noteVersion('postgres', /PostgreSQL [\d.]+/.exec(program.output())?.[0] ?? 'unknown');
  return {
    url: `postgres://bench@127.0.0.1:${port}/postgres`,
    pid: program.child.pid ?? 0,
    async stop() {
      await program.stop(STOP_LIMIT_MS);
      remove();
    },
  };
}
