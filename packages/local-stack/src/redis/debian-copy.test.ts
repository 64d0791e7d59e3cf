import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unpackDebianRedis } from './debian-copy.ts';

// The test puts replacements of two Debian programs on PATH, so that it downloads nothing. `apt-get download` makes a file for each
// name, and `dpkg-deb -x` unpacks a server, which runs only if the names in NEEDS were unpacked beside it.
const APT_GET = `#!/bin/sh
echo "apt-get $*" >> "$RECORD"
case "$*" in *update*) exit "\${UPDATE_FAILS:-0}" ;; esac
[ -n "$SLOW" ] && exec sleep 30
while [ "$1" != download ]; do shift; done; shift
for name in "$@"; do case "$name" in *t64) exit 100 ;; esac; echo "$name" > "$name.deb"; done
`;
const DPKG_DEB = `#!/bin/sh
mkdir -p "$3/usr/bin" "$3/usr/lib/x-linux-gnu"
touch "$3/usr/lib/x-linux-gnu/$(cat "$2")"
case "$2" in *redis-server.deb) cat > "$3/usr/bin/redis-server" <<'END'
#!/bin/sh
for name in $NEEDS; do [ -e "$LD_LIBRARY_PATH/$name" ] || exit 127; done
END
chmod +x "$3/usr/bin/redis-server" ;; esac
`;

let folder: string;
let cacheDir: string;
let environment: Record<string, string>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'local-stack-deb-'));
  cacheDir = join(folder, 'cache');
  const bin = join(folder, 'bin');
  await mkdir(bin);
  for (const [name, text] of [
    ['apt-get', APT_GET],
    ['dpkg-deb', DPKG_DEB],
  ] as const) {
    await writeFile(join(bin, name), text);
    await chmod(join(bin, name), 0o755);
  }
  environment = { PATH: [bin, process.env['PATH'] ?? ''].join(delimiter), RECORD: join(folder, 'record') };
});
afterEach(() => rm(folder, { recursive: true }));

const place = (): string => join(cacheDir, `redis-debian-${process.arch}`);
const calls = async (): Promise<string[]> => (await readFile(join(folder, 'record'), 'utf8')).trim().split('\n');

describe.skipIf(process.platform !== 'linux')('the private copy of Debian packages', () => {
  test('is downloaded once and found later, with the folder of its libraries', async () => {
    const { binary, environment: found } = await unpackDebianRedis(cacheDir, environment, 10_000);
    expect(binary).toBe(join(place(), 'usr/bin/redis-server'));
    expect(found['LD_LIBRARY_PATH']).toBe(join(place(), 'usr/lib/x-linux-gnu'));
    const before = await calls();
    await unpackDebianRedis(cacheDir, environment, 10_000);
    expect(await calls()).toEqual(before);
    expect(await readdir(cacheDir)).toEqual([`redis-debian-${process.arch}`]);
  });

  test('takes more packages where libraries are missing, also when a release has not all of their names', async () => {
    const needy = { ...environment, NEEDS: 'libssl3 libatomic1' };
    expect(await unpackDebianRedis(cacheDir, needy, 10_000)).toMatchObject({ binary: join(place(), 'usr/bin/redis-server') });
    expect((await calls()).length).toBeGreaterThan(3);
  });

  test('is whole for each of several processes that unpack it at once', async () => {
    const copies = await Promise.all([1, 2, 3].map(() => unpackDebianRedis(cacheDir, environment, 10_000)));
    for (const { binary } of copies) expect(binary).toBe(join(place(), 'usr/bin/redis-server'));
    expect(await readdir(cacheDir)).toEqual([`redis-debian-${process.arch}`]);
  });

  test('removes what a killed process left half unpacked, and not what a living one is filling', async () => {
    const dead = '.unpacking-999999999-x';
    const living = `.unpacking-${process.ppid}-x`;
    for (const name of [dead, living]) await mkdir(join(cacheDir, name), { recursive: true });
    await unpackDebianRedis(cacheDir, environment, 10_000);
    expect(await readdir(cacheDir)).toEqual([living, `redis-debian-${process.arch}`]);
  });

  test('ends at the time limit, and leaves nothing behind', async () => {
    await expect(unpackDebianRedis(cacheDir, { ...environment, SLOW: '1' }, 200)).rejects.toThrow();
    expect(await readdir(cacheDir)).toEqual([]);
  });

  test('that cannot be downloaded is an error', async () => {
    await expect(unpackDebianRedis(cacheDir, { ...environment, UPDATE_FAILS: '100' }, 10_000)).rejects.toThrow('apt-get');
    await expect(unpackDebianRedis(cacheDir, { PATH: '/nonexistent' }, 10_000)).rejects.toThrow('ENOENT');
  });
});
