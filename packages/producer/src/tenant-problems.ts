import { types } from 'node:util';
import { isTenant, TENANT_RULE, type Problem } from '@darkroom/contracts';

/** Returns the problem of a tenant that is none, or not the one to which the producer, or the reader of images, is bound. */
export const foreignTenantProblems = (tenant: string | undefined, boundTo: string | undefined, of = 'this producer'): Problem[] =>
  tenant === undefined || boundTo === undefined || tenant === boundTo
    ? tenantProblems('options.tenant', tenant)
    : [{ path: 'options.tenant', message: `must be "${boundTo}", the tenant of ${of}, or be left out`, given: show(tenant) }];

/** Returns the problem of a tenant that is none. */
export const tenantProblems = (path: string, tenant: string | undefined): Problem[] =>
  tenant === undefined || isTenant(tenant) ? [] : [{ path, message: `must be ${TENANT_RULE}`, given: show(tenant) }];

/** Describes a given value, even of a caller without types. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `"${value.slice(0, 64)}"`;
  return typeof value === 'number' || types.isDate(value) ? String(value) : typeof value;
}
