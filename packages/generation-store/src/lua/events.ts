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
  addGiven(fields, 'provider', generation.provider)
  addGiven(fields, 'model', generation.model)
  addGiven(fields, 'traceparent', generation.traceparent)
  addGiven(fields, 'revision', revision)
  addGiven(fields, 'index', index)
  addGiven(fields, 'n', index and n)
  -- a key of another type loses events, and no money: its consumers are told
  redis.pcall('XADD', prefix .. ':event-log', '*', unpack(fields))
end
`;
