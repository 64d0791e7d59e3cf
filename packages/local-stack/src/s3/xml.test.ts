import fc from 'fast-check';
import { expect, test } from 'vitest';
import { textElement, textsOf } from './xml.ts';

test('every key comes back from the XML it was written into', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (key) => {
      expect(textsOf(textElement('Key', key), 'Key')).toEqual([key]);
    }),
  );
  expect(textElement('Key', '<&"\'\n>')).toBe('<Key>&lt;&amp;&quot;&apos;&#xa;&gt;</Key>');
});
