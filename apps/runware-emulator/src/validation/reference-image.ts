import { canReadUrl } from '@darkroom/contracts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const DATA_URI = /^data:image\/[a-z0-9.+-]+;base64,/i;
const BASE64 = /^[a-z0-9+/]+={0,2}$/i;

/**
 * Returns true if a value has one of the four forms of the page ("UUID, URL, Data URI, or Base64"). The emulator fetches and decodes
 * none of them: it draws the result from the prompt alone.
 */
export function isReferenceImage(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  if (UUID.test(value)) return true;
  if (/^https?:/i.test(value)) return canReadUrl(value);
  const base64 = value.replace(DATA_URI, '');
  return base64.length % 4 === 0 && BASE64.test(base64);
}
