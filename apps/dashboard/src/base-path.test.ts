import { loadConfig } from '@darkroom/service-runtime';
import { expect, test } from 'vitest';
import { pathSettings, withoutBasePath } from './base-path.ts';

test.each([
  [undefined, ''],
  ['/', ''],
  ['/ops', '/ops'],
  ['/ops/darkroom/', '/ops/darkroom'],
])('DASHBOARD_PATH %j is read as %j', (given, path) => {
  expect(loadConfig(pathSettings, { DASHBOARD_PATH: given })).toBe(path);
});

test.each(['ops', '//ops', '/ops//x', '/../x', '/a/./b', '/a b', '/a?b', '/a#b', 'https://x/y', '/a/%2e%2e'])('%s is refused', (path) => {
  expect(() => loadConfig(pathSettings, { DASHBOARD_PATH: path })).toThrow(/DASHBOARD_PATH: must be a path/);
});

test.each([
  ['/ops/api/queues?page=1', '/api/queues?page=1'],
  ['/ops', '/'],
  ['/ops?x', '/?x'],
  ['/ops/', '/'],
  ['/opsother', '/opsother'],
  ['/api/queues', '/api/queues'],
])('%s becomes %s', (url, asked) => {
  expect(withoutBasePath('/ops', url)).toBe(asked);
});
