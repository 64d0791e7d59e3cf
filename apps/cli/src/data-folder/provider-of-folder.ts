import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LocalStackError } from '@darkroom/contracts';

/**
 * Binds a data folder to one provider: generations queued for the emulator must never be bought for money.
 * @param provider The address of the provider; undefined: the emulator of the start.
 * @throws LocalStackError if the folder belongs to another provider.
 */
export function claimForProvider(dir: string, provider: string | undefined): void {
  const file = path.join(dir, 'provider.txt');
  const isBegun = existsSync(path.join(dir, 'ports.json'));
  const earlier = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  if (isBegun && earlier !== provider) {
    const name = (address: string | undefined): string => address ?? 'the emulator of npm start';
    throw new LocalStackError(
      `the data folder "${dir}" was begun with ${name(earlier)}, and the generations queued in it must not be bought from ${name(provider)}; choose another with --data-dir`,
    );
  }
  if (provider !== undefined && earlier !== provider) writeFileSync(file, `${provider}\n`);
}
