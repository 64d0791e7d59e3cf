/**
 * Rules of a tenant about its images (settings/tenant-rules.ts). After the prelude.
 */
export const imageRules = /* lua */ `
-- whether requests must ask for the content check, and whether images that it does not clear are withheld. A key of another type counts as
-- both: S3 knows better, and a worker brings that back within a minute. So do rules whose newest change in S3 is damaged
local function imageRulesOf(tenant)
  local found = redis.pcall('HMGET', prefix .. ':tenant-rules:' .. tenantPart(tenant), 'requireSafetyCheck', 'withholdFlagged', 'damaged')
  if found.err or found[3] then return true, true end
  return found[1] ~= false, found[2] ~= false
end
`;
