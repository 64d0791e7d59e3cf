import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { aptIn, type Environment } from '@darkroom/local-stack';

/** A browser for tests, with the environment in which it finds its libraries. */
export interface DebianChromium {
  readonly executablePath: string;
  readonly environment: Record<string, string>;
}

const INSTALLED = '/usr/lib/chromium/chromium';
/** It is 120 MB. */
const LIMIT_MS = 300_000;

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/**
 * Finds Debian's Chromium. Where it is not installed, unpacks it from the machine's own packages into `cacheDir`, once, without root and
 * without a change in the system.
 * @throws Error without apt-get or a network.
 */
export async function findChromium(cacheDir: string, environment: Environment): Promise<DebianChromium> {
  if (await isThere(INSTALLED)) return describe(INSTALLED, environment);
  const place = join(cacheDir, `chromium-debian-${process.arch}`);
  const unpacked = join(place, INSTALLED);
  if (!(await isThere(unpacked))) {
    await mkdir(cacheDir, { recursive: true });
    const workshop = await mkdtemp(join(cacheDir, '.unpacking-chromium-'));
    try {
      const apt = await aptIn(workshop, environment, AbortSignal.timeout(LIMIT_MS));
      await apt.update();
      await apt.unpackMissing(['chromium', 'fonts-dejavu-core'], join(workshop, 'root'));
      await rename(join(workshop, 'root'), place);
    } finally {
      await rm(workshop, { recursive: true, force: true });
    }
  }
  const triple = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch as string] ?? process.arch;
  const libraries = [`usr/lib/${triple}`, `usr/lib/${triple}/pulseaudio`, `lib/${triple}`, 'usr/lib/chromium'];
  return describe(unpacked, {
    ...environment,
    LD_LIBRARY_PATH: libraries.map((folder) => join(place, folder)).join(':'),
    // Fonts that were unpacked beside it.
    XDG_DATA_HOME: join(place, 'usr/share'),
    ...((await isThere('/etc/fonts/fonts.conf')) ? {} : { FONTCONFIG_PATH: join(place, 'etc/fonts') }),
  });
}

const describe = (executablePath: string, environment: Environment): DebianChromium => ({
  executablePath,
  environment: Object.fromEntries(Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
});
