/**
 * Records that a generation was bought long after its id was minted. Its records lie in S3 under the date of its id, which a comparison of
 * the last days does not list; for as many days passes find it here. After the prelude.
 */
export const noteBought = /* lua */ `
local function noteBought(id, now)
  -- in two parts: not every Lua reads 48 bits at once
  local high, low = tonumber(string.sub(id, 1, 8), 16), tonumber(string.sub(id, 10, 13), 16)
  if high and low and high * 65536 + low < now - 86400000 then redis.pcall('ZADD', prefix .. ':bought', int(now), id) end
end
`;
