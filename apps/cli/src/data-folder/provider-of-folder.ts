import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LocalStackError } from '@darkroom/contracts';

/**
 * Holds a data folder to one provider: what is queued in it for the emulator must never be bought for money.
 * @param provider The address of the provider; undefined is the emulator of the start itself.
 * @throws LocalStackError when the folder was begun with another one.
 */
export function claimForProvider(dir: string, provider: string | undefined): void {
  const file = path.join(dir, 'provider.txt');
  const isBegun = existsSync(path.join(dir, 'ports.json'));
  const earlier = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  if (isBegun && earlier !== provider) {
    const name = (address: string | undefined): string => address ?? 'the emulator of npm start';
    throw new LocalStackError(
      `the data folder "${dir}" was begun with ${name(earlier)}, and what waits in it must not be bought from ${name(provider)}; choose another with --data-dir`,
    );
  }
  if (provider !== undefined && earlier !== provider) writeFileSync(file, `${provider}\n`);
}
