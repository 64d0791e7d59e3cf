import { readFileSync } from 'node:fs';
import { findingKinds } from '@darkroom/generation-store';
import { expect, test } from 'vitest';

test('docs/operations/reconcile.md says of each finding what it means and what to do', () => {
  const page = readFileSync(new URL('../../../../docs/operations/reconcile.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| (`[^|]+`) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)];
  const named = rows.flatMap(([, kinds = '']) => [...kinds.matchAll(/`([\w-]+)`/g)].map(([, kind]) => kind));
  expect(named.toSorted()).toEqual(findingKinds.toSorted());
});
