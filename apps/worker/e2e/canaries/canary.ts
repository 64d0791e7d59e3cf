import { randomBytes } from 'node:crypto';

/** A text that stands nowhere else. Its core is of letters and digits alone: quoting for a URL, for JSON or for HTML leaves it as it is. */
export interface Canary {
  /** What it is the secret of. */
  readonly name: string;
  readonly core: string;
}

export const createCanary = (name: string): Canary => ({ name, core: `canary${randomBytes(16).toString('hex')}` });

/** A secret that was made by others: its whole text is the core. */
export const canaryOf = (name: string, core: string): Canary => ({ name, core });

/** The forms in which a core may stand somewhere: as it is, in hex, and in base64 (of the URL kind too) at any of its three alignments. */
function formsOf({ core }: Canary): string[] {
  const bytes = Buffer.from(core);
  const inBase64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    // What is before and behind the core shares the first and the last character with it.
    return encoded.slice(Math.ceil((offset * 4) / 3), Math.floor(((offset + bytes.length) * 4) / 3));
  });
  return [core, bytes.toString('hex'), ...inBase64, ...inBase64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))];
}

/** Something that was written by a process of ours, or shown. */
export interface Written {
  /** Where it stands. */
  readonly place: string;
  readonly text: string;
}

/** Which secrets stand where, in words: "api key in worker-0.log: …". */
export function findLeaks(written: readonly Written[], canaries: readonly Canary[]): string[] {
  const forms = canaries.flatMap((canary) => formsOf(canary).map((form) => ({ name: canary.name, form })));
  return written.flatMap(({ place, text }) =>
    forms.flatMap(({ name, form }) => {
      const at = text.indexOf(form);
      return at < 0 ? [] : [`${name} in ${place}: …${text.slice(Math.max(0, at - 120), at)}…`];
    }),
  );
}
