import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Rule {
  matchPackageNames: string[];
  allowedVersions?: string;
}

/** Returns the package.json files and the catalog, as text. */
const pins = ['package.json', 'pnpm-workspace.yaml', ...['runware-client', 'testing'].map((name) => `packages/${name}/package.json`)]
  .concat(['cli', 'runware-emulator'].map((name) => `apps/${name}/package.json`))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');

test('each ceiling of renovate.json is above the pinned version, by one major at most', () => {
  const { packageRules } = JSON.parse(readFileSync('renovate.json', 'utf8')) as { packageRules: Rule[] }; // the file that Renovate reads
  const ceilings = packageRules.flatMap(({ matchPackageNames, allowedVersions = '' }) =>
    matchPackageNames.map((name) => ({ name, below: Number(/^<(\d+)$/.exec(allowedVersions)?.[1]) })),
  );
  for (const { name, below } of ceilings.filter((ceiling) => !Number.isNaN(ceiling.below))) {
    const pinned = new RegExp(`[\\s"']${name}["']?[:@] ?"?(\\d+)\\.`).exec(pins)?.[1];
    expect([name, Number(pinned)]).toEqual([name, below - 1]);
  }
});
