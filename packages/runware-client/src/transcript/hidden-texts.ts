/** Texts that must not be written: keys, prompts, and addresses that grant access. */
export interface HiddenTexts {
  /** Hides this text from now on. */
  hide(secret: string): void;
  /** Returns true if a short value holds no hidden text and no part of one, in any of the known encodings. */
  isFree(value: string): boolean;
  /** Returns true if a hidden text holds this word. */
  hasWord(word: string): boolean;
}

/** Equal characters in a row that count as a part of the text. */
const PART = 8;
/** A shorter text is found only as a whole value: within another it would be found by chance. */
const SHORT = 4;
/** Limit of the searched part of a text, which is an inline image if it is longer. */
const MAX_HIDDEN = 65_536;

export function createHiddenTexts(): HiddenTexts {
  const known = new Set<string>();
  const parts = new Set<string>();
  const short = new Set<string>();
  const words = new Set<string>();
  return {
    hide(secret) {
      const text = secret.slice(0, MAX_HIDDEN);
      if (text.trim() === '' || known.has(text)) return;
      known.add(text);
      for (const writing of writingsOf(text)) {
        if (writing.length < PART) short.add(writing.toLowerCase());
        else for (const part of partsOf(writing.toLowerCase())) parts.add(part);
      }
      // The words of an address are no secret, only its whole parts are.
      if (!/^(https?|data):/i.test(text)) for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) words.add(word);
    },
    isFree(value) {
      const lower = value.toLowerCase();
      if (partsOf(lower).some((part) => parts.has(part))) return false;
      return ![...short].some((writing) => (writing.length < SHORT ? lower === writing : lower.includes(writing)));
    },
    hasWord: (word) => words.has(word.toLowerCase()),
  };
}

const partsOf = (text: string): string[] =>
  Array.from({ length: Math.max(0, text.length - PART + 1) }, (_, at) => text.slice(at, at + PART));

/** Returns the forms in which a text may appear: plain, in JSON, in a URL, in a form, in HTML, in base64 at any offset, in hex, and backwards. */
function writingsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const inJson = JSON.stringify(secret).slice(1, -1);
  const inUrl = encodeURIComponent(bytes.toString());
  const html = secret.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  const base64 = [0, 1, 2].map((before) =>
    // The first and the last characters depend on the surroundings of the text.
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64url')
      .slice(before === 0 ? 0 : 4, bytes.length > 6 ? -3 : undefined),
  );
  const all = [secret, inJson, JSON.stringify(inJson).slice(1, -1), inUrl, inUrl.replaceAll('%20', '+'), html, bytes.toString('hex')];
  const backwards = secret.split('').toReversed().join('');
  return [...all, backwards, ...base64, ...base64.map((text) => text.replaceAll('-', '+').replaceAll('_', '/'))];
}
