import { randomBytes } from 'node:crypto';

/** A text that appears nowhere else. Its core has letters and digits alone, which quoting for URLs, JSON or HTML leaves as they are. */
export interface Canary {
  /** Name of the secret. */
  readonly name: string;
  readonly core: string;
}

export const createCanary = (name: string): Canary => ({ name, core: `canary${randomBytes(16).toString('hex')}` });

/** Builds a canary from a secret that others made: its whole text is the core. */
export const canaryOf = (name: string, core: string): Canary => ({ name, core });

/** Returns the forms of a core in a text: plain, hex, and base64 (also of the URL kind) at each of its three alignments. */
function formsOf({ core }: Canary): string[] {
  const bytes = Buffer.from(core);
  const inBase64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    // The first and the last characters also encode the bytes beside the core, so they are cut off.
    return encoded.slice(Math.ceil((offset * 4) / 3), Math.floor(((offset + bytes.length) * 4) / 3));
  });
  return [core, bytes.toString('hex'), ...inBase64, ...inBase64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))];
}

/** A text that a process wrote or showed. */
export interface Written {
  /** Place of the text. */
  readonly place: string;
  readonly text: string;
}

/** Returns each secret found with its place, in words: "api key in worker-0.log: …". */
export function findLeaks(written: readonly Written[], canaries: readonly Canary[]): string[] {
  const forms = canaries.flatMap((canary) => formsOf(canary).map((form) => ({ name: canary.name, form })));
  return written.flatMap(({ place, text }) =>
    forms.flatMap(({ name, form }) => {
      const at = text.indexOf(form);
      return at < 0 ? [] : [`${name} in ${place}: …${text.slice(Math.max(0, at - 120), at)}…`];
    }),
  );
}
