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

/** Notes the format in which this build writes: a higher one is refused before. After the prelude. */
export const noteFormat = /* lua */ `
local function noteFormat()
  if redis.call('GET', prefix .. ':format') ~= '${STORED_FORMAT}' then redis.call('SET', prefix .. ':format', '${STORED_FORMAT}') end
end
`;

/** Returns the error of a script that met a format of a later version; undefined for every other error. */
export function newerFormatOf(error: unknown): NewerFormatError | undefined {
  if (!(error instanceof Error)) return undefined;
  const [, stored] = /NEWER_FORMAT (\S{0,20})/.exec(error.message) ?? [];
  return stored === undefined ? undefined : new NewerFormatError(stored, STORED_FORMAT);
}
