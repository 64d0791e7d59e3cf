/**
 * The durable events: a stream (\`:event-log\`) to which a script adds an event with the fact itself. An entry holds event, id, tenant, provider,
 * model, at, revision, the traceparent of the enqueue and, for an event about one submission, index and n. After the prelude.
 */
export const events = /* lua */ `
-- an old end that a rebuild restores was told when it came
local tellsEvents = true

local function record(event, id, generation, index, n, at)
  local revision = announce(event, id, index, n, at)
  if not tellsEvents then return end
  local fields = { 'event', event, 'id', id, 'tenant', generation.tenant, 'at', int(at) }
  -- an entry of an earlier version has none, and most have no trace
  for _, name in ipairs({ 'provider', 'model', 'traceparent' }) do
    if generation[name] then
      fields[#fields + 1] = name
      fields[#fields + 1] = generation[name]
    end
  end
  if revision then
    fields[#fields + 1] = 'revision'
    fields[#fields + 1] = revision
  end
  if index then
    for _, value in ipairs({ 'index', index, 'n', n }) do fields[#fields + 1] = value end
  end
  -- a key of another type loses events, and no money: its consumers are told
  redis.pcall('XADD', prefix .. ':event-log', '*', unpack(fields))
end
`;
