const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;', "'": '&apos;' };
const NAMES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** Writes an element with text. */
export const textElement = (name: string, text: string | number | boolean): string => `<${name}>${escapeText(String(text))}</${name}>`;

/** Writes an element with children, which are already written. */
export const element = (name: string, children: readonly string[]): string => `<${name}>${children.join('')}</${name}>`;

/** Writes a whole answer of S3. */
export const xmlDocument = (root: string, children: readonly string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${NAMESPACE}">${children.join('')}</${root}>`;

/** Writes an error, which has no namespace in S3. */
export const xmlError = (fields: Readonly<Record<string, string>>): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${element(
    'Error',
    Object.entries(fields).map(([name, text]) => textElement(name, text)),
  )}`;

/** Returns the texts of all elements with this name, in order. Enough for the small, flat documents of S3 clients. */
export const textsOf = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text = '']) => unescapeText(text));

/** Returns the contents of all elements with this name, as written. */
export const contentsOf = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, 'g'))].map(([, content = '']) => content);

const escapeText = (text: string): string =>
  text
    .replace(/[<>&"']/g, (character) => ENTITIES[character] ?? character)
    // A reader would change a plain line break; other control characters have no other spelling.
    .replace(/\p{Cc}/gu, (character) => `&#x${character.charCodeAt(0).toString(16)};`);

const unescapeText = (text: string): string =>
  text.replace(/&(lt|gt|amp|quot|apos|#x[0-9a-f]+|#\d+);/gi, (_, entity: string) => {
    if (!entity.startsWith('#')) return NAMES[entity] ?? '';
    const hexadecimal = entity[1] === 'x' || entity[1] === 'X';
    return String.fromCodePoint(hexadecimal ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1)));
  });
