/**
 * Checks that a reader still reads in the memory in which it began. Redis may go back to before its last notes and be compared with S3
 * while it runs: it must begin again then, because what it has noted since is forgotten, or was never noted. A reader is named by the id of
 * its rebuild and that memory, with a blank between. After the prelude.
 */
export const readsHere = /* lua */ `
local function readsHere(reader)
  local memory = memoryId()
  return memory ~= '' and reader == (redis.call('HGET', prefix .. ':reading', 'id') or '') .. ' ' .. memory
end
`;
