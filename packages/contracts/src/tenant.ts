/** Form of a tenant name, to follow "must be". */
export const TENANT_RULE = '1 to 128 letters, digits, "-", "_", ".", ":", "@", "+" or "|"';

const TENANT = /^[\w.:@+|-]{1,128}$/;

/** Returns true for a tenant name. */
export const isTenant = (name: unknown): name is string => typeof name === 'string' && TENANT.test(name);

/**
 * Encodes a tenant name for keys and ledger periods, where ":" and blanks separate parts. No two names have the same form, and a
 * name of letters, digits, "-", "_" and "." stays as it is. The store's scripts do the same (`tenantPart`).
 */
export const encodeTenant = (name: string): string => name.replaceAll(/[^\w.-]/g, encodeLetter);

/** Returns the name of a tenant from its encoded form. */
export const decodeTenant = (encoded: string): string =>
  encoded.replaceAll(/~([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

/** Encodes a tenant name for a folder in S3: as `encodeTenant`, but for "." and "..", which paths give a meaning. */
export const tenantFolder = (name: string): string => (/^\.{1,2}$/.test(name) ? name.replaceAll('.', encodeLetter) : encodeTenant(name));

function encodeLetter(letter: string): string {
  return `~${letter.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
