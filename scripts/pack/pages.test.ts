import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findLeaks } from './find-leaks.mjs';
import { withoutRelativeLinks } from './pages.mjs';

test('a packed page keeps links to the web and to itself, and the words of the others', () => {
  const page = '[a](../b.md), [`c`](docs/d.md#e), [web](https://example.com/x), [here](#there)';
  expect(withoutRelativeLinks(page)).toBe('a, `c`, [web](https://example.com/x), [here](#there)');
});

test('finds whatever leads out of the package', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'darkroom-leaks-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const root = '/home/someone/darkroom';
  writeFileSync(path.join(folder, 'fine.mjs'), `import { x } from '@darkroom/producer';\nimport '@darkroom/producer/images';\n`);
  expect(findLeaks(folder, root)).toEqual([]);
  const leaks = {
    'a.mjs': `import { x } from "@darkroom/contracts";`,
    'b.cjs': `const x = require("@darkroom/queues");`,
    'package.json': `{ "dependencies": { "zod": "catalog:" } }`,
    'c.mjs': `// ${root}/packages/x.ts`,
    'd.mjs': '//# sourceMappingURL=d.mjs.map',
    'e.mjs.map': '{}',
  };
  for (const [name, text] of Object.entries(leaks)) writeFileSync(path.join(folder, name), text);
  expect(
    findLeaks(folder, root)
      .map((leak) => leak.split(' ')[0])
      .toSorted(),
  ).toEqual(Object.keys(leaks).toSorted());
});
