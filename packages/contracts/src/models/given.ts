/** One short word or number: too short for a prompt, an image, or an address with a secret. */
const WORD = /^[\w:@.+-]{0,40}$/;

/** Describes the kind of a value without its content: for prompts, images, addresses and unknown fields. */
export function describeKind(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${count(value.length, 'item')}`;
  switch (typeof value) {
    case 'string':
      return `a string of ${count(value.length, 'character')}`;
    case 'object':
      return 'an object';
    default:
      return `a ${typeof value}`;
  }
}

/** Repeats a number, a boolean or one short word; only describes anything else. */
export function describeGiven(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string' && WORD.test(value)) return `"${value}"`;
  return describeKind(value);
}

const count = (amount: number, noun: string): string => `${amount} ${noun}${amount === 1 ? '' : 's'}`;
