/** Form of a tenant name, to follow "must be". */
export const TENANT_RULE = '1 to 128 letters, digits, "-", "_", ".", ":", "@", "+" or "|"';

const TENANT = /^[\w.:@+|-]{1,128}$/;

/** Returns true for a tenant name. */
export const isTenant = (name: unknown): name is string => typeof name === 'string' && TENANT.test(name);

/**
 * Encodes a tenant name for keys and ledger periods, where ":" and blanks separate parts. No two names have the same form, and a
 * name of letters, digits, "-", "_" and "." stays as it is. The store's scripts do the same (`tenantPart`).
 */
export const encodeTenant = (name: string): string =>
  name.replaceAll(/[^\w.-]/g, (letter) => `~${letter.charCodeAt(0).toString(16).padStart(2, '0')}`);
