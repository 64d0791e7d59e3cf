import fc from 'fast-check';
import { expect, test } from 'vitest';
import { textElement, textsOf } from './xml.ts';

test('every key survives writing to XML and reading', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (key) => {
      expect(textsOf(textElement('Key', key), 'Key')).toEqual([key]);
    }),
  );
  expect(textElement('Key', '<&"\'\n>')).toBe('<Key>&lt;&amp;&quot;&apos;&#xa;&gt;</Key>');
});
