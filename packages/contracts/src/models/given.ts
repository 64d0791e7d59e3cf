/** One short word or number: too little for a prompt, an address with a secret or an image. */
const WORD = /^[\w:@.+-]{0,40}$/;

/** Says what kind of thing was given, and nothing of its content: for prompts, images, addresses and unknown fields. */
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

/** Says what was given where a number, a switch or one of a few words belongs. Longer text is only described. */
export function describeGiven(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string' && WORD.test(value)) return `"${value}"`;
  return describeKind(value);
}

const count = (amount: number, noun: string): string => `${amount} ${noun}${amount === 1 ? '' : 's'}`;
