/** Time that the tenants of a day and of a month stay, in days. */
const KEPT_DAYS = { day: 40, month: 400 };

/**
 * The tenants of a period, those that have enqueued, held or spent in it: sorted sets `tenants:day:<yyyy-mm-dd>` and `tenants:month:<yyyy-mm>`
 * of their encoded names, all with one score and so by name. Each move of money adds to them, so a rebuild fills them as it fills the ledger,
 * of which they name a part. What cannot be added ends no purchase. After the prelude.
 */
export const periodTenants = /* lua */ `
local tenantsKeptDays = { day = ${KEPT_DAYS.day}, month = ${KEPT_DAYS.month} }
local function noteTenants(names)
  for name in string.gmatch(names, '[^ ]+') do
    local part, kind, date = string.match(name, '^tenant:([^:]+):(%a+):([%d-]+)$')
    local key = part and tenantsKeptDays[kind] and prefix .. ':tenants:' .. kind .. ':' .. date
    if key and redis.pcall('ZADD', key, 0, part) == 1 then redis.pcall('EXPIRE', key, tenantsKeptDays[kind] * 86400) end
  end
end
`;
