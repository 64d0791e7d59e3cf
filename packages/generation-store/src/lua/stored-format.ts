import { NewerFormatError, STORED_FORMAT } from '@darkroom/contracts';

/**
 * Refuses a store of a format that this build does not know, before the script does anything. After `prefix`. The key `:format` holds the
 * number; a store of an earlier version has none, and a user with the rights of one may not ask.
 */
export const refuseNewerFormat = /* lua */ `
do
  local format = redis.pcall('GET', prefix .. ':format')
  if type(format) == 'string' and not (tonumber(format) and tonumber(format) <= ${STORED_FORMAT}) then error('NEWER_FORMAT ' .. format, 0) end
end
`;

/**
 * Notes a format where none is noted; a higher one than this build knows is refused before. Processes of two versions run side by side during
 * a deployment, so no process raises the number: all write the lower form. A script with a form of a later format asks for the number first,
 * and writes the earlier form below it. After the prelude.
 */
export const noteFormat = /* lua */ `
local function noteFormat(number)
  redis.call('SET', prefix .. ':format', number, 'NX')
end
`;

/** Returns the error of a script that met a format of a later version; undefined for every other error. */
export function newerFormatOf(error: unknown): NewerFormatError | undefined {
  if (!(error instanceof Error)) return undefined;
  const [, stored] = /NEWER_FORMAT (\S{0,20})/.exec(error.message) ?? [];
  return stored === undefined ? undefined : new NewerFormatError(stored, STORED_FORMAT);
}
