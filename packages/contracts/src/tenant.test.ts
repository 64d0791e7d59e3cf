import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeTenant, encodeTenant, isTenant, tenantFolder } from './tenant.ts';

const names = fc.string({ unit: fc.constantFrom(...'azAZ09-_.:@+|'.split('')), minLength: 1, maxLength: 128 });

test('every name of the allowed characters is a tenant, and its encoding holds no separator of keys', () => {
  fc.assert(
    fc.property(names, (name) => {
      expect(isTenant(name)).toBe(true);
      expect(encodeTenant(name)).toMatch(/^[\w.~-]+$/);
      expect(decodeTenant(encodeTenant(name))).toBe(name);
      expect(decodeTenant(tenantFolder(name))).toBe(name);
    }),
  );
});

test('no two tenants share an encoding', () => {
  fc.assert(
    fc.property(names, names, (one, other) => {
      expect(encodeTenant(one) === encodeTenant(other)).toBe(one === other);
    }),
  );
});

test('a name without separators is its own encoding', () => {
  expect(encodeTenant('Acme_1.eu-west')).toBe('Acme_1.eu-west');
  expect(encodeTenant('auth0|user:7@a+b')).toBe('auth0~7cuser~3a7~40a~2bb');
});

test.each(['', 'a b', 'a/b', 'a~b', 'ä', 'a\nb', 'x'.repeat(129), 5, null, undefined])('%j is no tenant', (name) => {
  expect(isTenant(name)).toBe(false);
});
