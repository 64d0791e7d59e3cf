import * as htm from 'htm';

/** Markup that was built here: its texts and attributes are escaped. */
interface Markup {
  readonly markup: string;
}

/** A piece of a page. A text in it is escaped; nothing is shown for a truth value. */
export type Html = Markup | string | number | boolean | null | undefined | readonly Html[];

type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Elements without an end (HTML Living Standard, "void elements"). */
const voids: ReadonlySet<string> = new Set(['base', 'br', 'hr', 'img', 'input', 'link', 'meta']);
const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');

/** Renders a piece of a page. */
function render(piece: Html): string {
  if (piece === null || piece === undefined || typeof piece === 'boolean') return '';
  if (typeof piece !== 'object') return escape(String(piece));
  return 'markup' in piece ? piece.markup : piece.map(render).join('');
}

/** Builds an element. An attribute that is false or absent is left out. */
function buildElement(tag: string, attributes: Attributes | null, ...children: Html[]): Markup {
  const written = Object.entries(attributes ?? {}).flatMap(([name, value]) =>
    value === undefined || value === null || value === false ? [] : [` ${name}${value === true ? '' : `="${escape(String(value))}"`}`],
  );
  const begin = `<${tag}${written.join('')}>`;
  return { markup: voids.has(tag) ? begin : `${begin}${render(children)}</${tag}>` };
}

interface Templates {
  bind(build: typeof buildElement): (strings: TemplateStringsArray, ...values: (Html | Attributes[string])[]) => Html;
}

// Its types describe its CommonJS file, and Node loads its module.
const parse = (htm.default as unknown as Templates).bind(buildElement);
const joined = new WeakMap<TemplateStringsArray, TemplateStringsArray>();

/**
 * Replaces each line break of a template and the blanks around it by one blank, as a browser reads them. The parser would drop them, and the
 * formatter breaks lines between words.
 */
function joinLines(strings: TemplateStringsArray): TemplateStringsArray {
  const known = joined.get(strings);
  if (known !== undefined) return known;
  const lines = Object.assign(
    strings.map((text) => text.replaceAll(/\s*\n\s*/g, ' ')),
    { raw: strings.raw },
  );
  joined.set(strings, lines);
  return lines;
}

/** Builds markup from a template, such as html`<b>${text}</b>`. */
export const html = (strings: TemplateStringsArray, ...values: (Html | Attributes[string])[]): Html => parse(joinLines(strings), ...values);

/** Renders a whole page. */
export const renderPage = (page: Html): string => `<!doctype html>${render(page)}`;
