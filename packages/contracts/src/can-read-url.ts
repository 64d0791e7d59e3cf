/**
 * Says whether a text is an absolute URL. `URL.canParse` of Node 20 says no to every text that is not Latin-1 or ASCII alone once it was
 * called often enough to be optimised (nodejs/node, issue 50995), so it is not asked.
 */
export function canReadUrl(text: string): boolean {
  try {
    return new URL(text) instanceof URL;
  } catch {
    return false;
  }
}
