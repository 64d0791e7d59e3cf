import fc from 'fast-check';
import { expect, test } from 'vitest';
import { html, renderPage } from './html.ts';

const pageOf = (text: string): string => renderPage(html`<p title=${text} class="a ${text}">${text}</p>`);

test('texts and attributes are escaped, whatever they hold', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', ' ', '=', '/', 'a', '`', '\u0000') }), (text) => {
      const page = pageOf(text);
      expect(page.match(/</g)).toHaveLength(3);
      expect(page.match(/"/g)).toHaveLength(4);
      expect(page.match(/'/g)).toBeNull();
    }),
  );
  expect(pageOf('<img onerror="x">')).toBe(
    '<!doctype html><p title="&lt;img onerror=&quot;x&quot;&gt;" class="a &lt;img onerror=&quot;x&quot;&gt;">&lt;img onerror=&quot;x&quot;&gt;</p>',
  );
});

/** A template whose lines the formatter leaves as they are. */
const lines = (...texts: string[]): TemplateStringsArray => Object.assign(texts, { raw: texts });

test('what is false or absent is not shown, and markup in markup stays as it is', () => {
  const list = ['a', 'b'].map((each) => html`<li>${each}</li>`);
  const template = lines('<ul hidden=', ' id=', ' open=', '>', '', '', '', '</ul><br />');
  expect(renderPage(html(template, false, undefined, true, list, false, null, 0))).toBe(
    '<!doctype html><ul open><li>a</li><li>b</li>0</ul><br>',
  );
});

test('a line break between words is a blank', () => {
  expect(renderPage(html(lines('<p>\n  by ', ':\n  ', '\n</p>'), 'darkroom', 'the reason'))).toBe(
    '<!doctype html><p> by darkroom: the reason </p>',
  );
});
