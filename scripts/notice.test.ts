import { expect, test } from 'vitest';
import { renderNotice } from './notice.mjs';

test('the notice has a line for each version of each library, the same on every platform', () => {
  const onLinux = {
    MIT: [{ name: 'ms', versions: ['1.0.0', '2.0.0'] }],
    'LGPL-3.0': [{ name: '@img/vips-linux-x64', versions: ['1.3.4'] }],
  };
  const onMac = {
    'LGPL-3.0': [{ name: '@img/vips-darwin-arm64', versions: ['1.3.4'] }],
    MIT: [{ name: 'ms', versions: ['1.0.0', '2.0.0'] }],
  };
  expect(renderNotice(onLinux)).toMatch(/\n@img\/vips-<platform> 1\.3\.4 {2}LGPL-3\.0\nms 1\.0\.0 {2}MIT\nms 2\.0\.0 {2}MIT\n$/);
  expect(renderNotice(onMac)).toBe(renderNotice(onLinux));
  expect(renderNotice({ MIT: [{ name: '@x/y-linux-x64-gnu', versions: ['1.0.0'] }] })).toContain('@x/y-<platform> 1.0.0  MIT');
});
