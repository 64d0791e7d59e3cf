/**
 * Returns true for an absolute URL. `URL.canParse` is avoided: on Node 20, once optimised, it rejects every text that is neither ASCII nor
 * Latin-1 (nodejs/node, issue 50995).
 */
export function canReadUrl(text: string): boolean {
  try {
    return new URL(text) instanceof URL;
  } catch {
    return false;
  }
}
