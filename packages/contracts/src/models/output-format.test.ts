import { expect, test } from 'vitest';
import { contentTypeOf, extensionOf, outputFormats } from './output-format.ts';

test('each format has its content type and its extension', () => {
  expect(outputFormats.map((format) => [format, contentTypeOf(format), extensionOf(format)])).toEqual([
    ['JPG', 'image/jpeg', 'jpg'],
    ['PNG', 'image/png', 'png'],
    ['WEBP', 'image/webp', 'webp'],
  ]);
});
