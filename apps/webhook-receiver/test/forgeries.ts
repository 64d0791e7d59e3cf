import { isGenerationId, mintCapability, type SubmissionRef } from '@darkroom/contracts';
import { pathOf } from './setup.ts';

export const WEBHOOK_PATH = '/webhooks/runware';

/** Capabilities that an attacker has seen: of the attacked submission, and of another one. */
export interface Seen {
  capability: string;
  other: string;
}

/**
 * Builds paths that an attacker may try after seeing capabilities, by name. None holds a valid capability, and none needs a secret.
 */
export function buildForgeries({ capability, other }: Seen): Record<string, string> {
  const parts = partsOf(capability);
  const others = partsOf(other);
  const { keyId, generationId, index, n, expiry, mac } = parts;
  const ref: SubmissionRef = { generationId, index: Number(index), n: Number(n) };
  const expiresAt = Number(expiry) * 1000;
  const changed = (changes: Partial<Parts>): string => pathOf(write({ ...parts, ...changes }));
  const raw = (text: string): string => `${WEBHOOK_PATH}?capability=${text}`;
  const flip = (text: string, at: number): string => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
  const encoded = capability.replaceAll(/./g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);

  return {
    'no query': WEBHOOK_PATH,
    'no value': `${WEBHOOK_PATH}?capability`,
    'an empty value': raw(''),
    'another parameter': `${WEBHOOK_PATH}?token=${capability}`,
    'another case of the parameter': `${WEBHOOK_PATH}?Capability=${capability}`,
    'the capability twice': `${raw(capability)}&capability=${capability}`,
    'a good one after a bad one': `${raw('x')}&capability=${capability}`,
    'a good one before a bad one': `${raw(capability)}&capability=x`,
    'a good one and an empty one': `${raw(capability)}&capability`,
    'a hundred good ones': `${raw(capability)}${`&capability=${capability}`.repeat(99)}`,
    'as an array': `${WEBHOOK_PATH}?capability[]=${capability}`,
    'as an array, encoded': `${WEBHOOK_PATH}?capability%5B%5D=${capability}`,
    'as an object': `${WEBHOOK_PATH}?capability[a]=${capability}`,
    'as a prototype': `${WEBHOOK_PATH}?__proto__=${capability}`,
    'as a property of a prototype': `${WEBHOOK_PATH}?__proto__[capability]=${capability}`,
    'as a constructor': `${WEBHOOK_PATH}?constructor.prototype.capability=${capability}`,
    'after a semicolon': `${WEBHOOK_PATH}?a=1;capability=${capability}`,
    'in the fragment': `${WEBHOOK_PATH}?#capability=${capability}`,
    'after a second question mark': `${WEBHOOK_PATH}??capability=${capability}`,
    'one character': pathOf('x'),
    'a word': pathOf('true'),
    'null bytes': raw('%00%00'),
    'a null byte after it': raw(`${capability}%00`),
    'a null byte in it': raw(`${capability.slice(0, 20)}%00${capability.slice(20)}`),
    'encoded twice': raw(encoded.replaceAll('%', '%25')),
    'overlong UTF-8': raw(capability.replaceAll('.', '%c0%ae')),
    'half of a percent encoding': raw(`${capability}%`),
    'a percent encoding of no byte': raw(`${capability}%zz`),
    'a byte that is no UTF-8': raw(`${capability}%ff`),
    'full-width digits': pathOf(capability.replaceAll('1', '１')),
    'full-width dots': pathOf(capability.replaceAll('.', '．')),
    'a look-alike letter': pathOf(capability.replaceAll('a', 'а')),
    'a zero-width space in it': pathOf(`${capability.slice(0, 9)}\u200b${capability.slice(9)}`),
    'a mark of byte order before it': pathOf(`\ufeff${capability}`),
    'a combining accent after it': pathOf(`${capability}\u0301`),
    'a very long text': pathOf('a'.repeat(4000)),
    'a very long MAC': changed({ mac: 'A'.repeat(4000) }),
    'only dots': pathOf('.....'),
    'a JSON web token': pathOf('eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.'),
    'a MAC that calls itself none': changed({ mac: 'none' }),
    'a key that calls itself none': changed({ keyId: 'none', mac: '' }),
    'a space before it': pathOf(` ${capability}`),
    'a space after it': pathOf(`${capability} `),
    'a line feed after it': pathOf(`${capability}\n`),
    'a carriage return and a header after it': raw(`${capability}%0d%0aX-Evil:%201`),
    'another one appended': pathOf(`${capability}${capability}`),
    'another one after a comma': pathOf(`${capability},${capability}`),
    'in quotes': pathOf(`"${capability}"`),
    'in capitals': pathOf(capability.toUpperCase()),
    'cut at its half': pathOf(capability.slice(0, capability.length / 2)),
    'without its first character': pathOf(capability.slice(1)),
    'a dot after it': pathOf(`${capability}.`),
    'a part too many': pathOf(`${capability}.A`),
    'its parts in another order': pathOf([keyId, generationId, n, index, expiry, mac].join('.')),
    'no MAC': pathOf([keyId, generationId, index, n, expiry].join('.')),
    'an empty MAC': changed({ mac: '' }),
    'a short MAC': changed({ mac: mac.slice(0, -1) }),
    'a long MAC': changed({ mac: `${mac}A` }),
    'the first character of the MAC changed': changed({ mac: flip(mac, 0) }),
    'a character inside the MAC changed': changed({ mac: flip(mac, 21) }),
    // base64url leaves two bits of its last character unused
    'the last bits of the MAC changed': changed({ mac: mac.slice(0, -1) + String.fromCharCode(mac.charCodeAt(mac.length - 1) + 1) }),
    'a MAC of zeros': changed({ mac: 'A'.repeat(43) }),
    'the MAC in hex': changed({ mac: Buffer.from(mac, 'base64url').toString('hex') }),
    'the MAC in the other base64': changed({ mac: `${Buffer.from(mac, 'base64url').toString('base64')}` }),
    'the MAC of another submission': changed({ mac: others.mac }),
    'another generation': changed({ generationId: others.generationId }),
    'one bit of the generation changed': changed({ generationId: flipHex(generationId) }),
    'another image': changed({ index: String(Number(index) + 1) }),
    'another submission': changed({ n: String(Number(n) + 1) }),
    'submission 0': changed({ n: '0' }),
    'a negative image': changed({ index: '-1' }),
    'a broken image': changed({ index: '0.5' }),
    'an image in hex': changed({ index: '0x0' }),
    'an image in exponents': changed({ index: '0e0' }),
    'an image beyond all numbers': changed({ index: '9'.repeat(400) }),
    'no image': changed({ index: '' }),
    'a longer life': changed({ expiry: String(Number(expiry) + 1) }),
    'a shorter life': changed({ expiry: String(Number(expiry) - 1) }),
    'an endless life': changed({ expiry: '999999999999' }),
    'a life in words': changed({ expiry: 'Infinity' }),
    'no life': changed({ expiry: '' }),
    'leading zeros of the image': changed({ index: `0${index}` }),
    'leading zeros of the submission': changed({ n: `0${n}` }),
    'leading zeros of the life': changed({ expiry: `0${expiry}` }),
    'a plus before the submission': raw(write({ ...parts, n: `%2B${n}` })),
    'the key of the other': changed({ keyId: 'old' }),
    'an unknown key': pathOf(mintCapability([{ id: 'retired', secret: 'r'.repeat(40) }], ref, expiresAt)),
    'a key named after a method': changed({ keyId: 'constructor' }),
    'a key named after a prototype': changed({ keyId: '__proto__' }),
    'no key': changed({ keyId: '' }),
    'a wrong secret': pathOf(mintCapability([{ id: keyId, secret: 'w'.repeat(40) }], ref, expiresAt)),
    'a secret that is the name of its key': pathOf(mintCapability([{ id: keyId, secret: keyId }], ref, expiresAt)),
    'a MAC made without a secret': pathOf(mintCapability([{ id: keyId, secret: '' }], ref, expiresAt)),
    'not an id of ours': changed({ generationId: '39571168-687a-4aec-a253-df7be20bd0d4' }),
    'an id in capitals': changed({ generationId: generationId.toUpperCase() }),
    'an id without hyphens': changed({ generationId: generationId.replaceAll('-', '') }),
    'a wildcard': changed({ generationId: '*' }),
    'a path in the id': changed({ generationId: '../../../../../../etc/passwd-aaaaaaaa' }),
    'a Redis key in the id': changed({ generationId: '{darkroom}:generation:aaaaaaaaaaaaaa' }),
  };
}

interface Parts {
  keyId: string;
  generationId: string;
  index: string;
  n: string;
  expiry: string;
  mac: string;
}

function partsOf(capability: string): Parts {
  const [keyId = '', generationId = '', index = '', n = '', expiry = '', mac = ''] = capability.split('.');
  return { keyId, generationId, index, n, expiry, mac };
}

const write = ({ keyId, generationId, index, n, expiry, mac }: Parts): string => [keyId, generationId, index, n, expiry, mac].join('.');

/** Returns another valid id that differs in one bit. */
function flipHex(generationId: string): string {
  const last = Number.parseInt(generationId.at(-1) ?? '0', 16);
  const flipped = generationId.slice(0, -1) + (last ^ 1).toString(16);
  if (!isGenerationId(flipped)) throw new RangeError(`not an id of ours: ${flipped}`);
  return flipped;
}
