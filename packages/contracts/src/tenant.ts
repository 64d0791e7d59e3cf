/** What a tenant may be called, to follow "must be". */
export const TENANT_RULE = '1 to 128 letters, digits, "-", "_", ".", ":", "@", "+" or "|"';

const TENANT = /^[\w.:@+|-]{1,128}$/;

/** True for a name of a tenant. */
export const isTenant = (name: unknown): name is string => typeof name === 'string' && TENANT.test(name);

/**
 * Encodes the name of a tenant for keys and for periods of the ledger, in which ":" and blanks separate parts. No two names have one
 * form, and a name of letters, digits, "-", "_" and "." is its own. The scripts of the store do the same (`tenantPart`).
 */
export const encodeTenant = (name: string): string =>
  name.replaceAll(/[^\w.-]/g, (letter) => `~${letter.charCodeAt(0).toString(16).padStart(2, '0')}`);
