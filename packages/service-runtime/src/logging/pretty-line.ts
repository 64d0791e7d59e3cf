/** Fields with a fixed place in the line. */
const placed = new Set(['time', 'level', 'name', 'msg']);

/** Turns a line of JSON into a line for a terminal: `10:24:31 warn  receiver  store is away  code=store.unavailable`. */
export function prettyLine(line: string): string {
  const fields = parse(line);
  if (fields === undefined) return line.trimEnd();
  const rest = Object.entries(fields)
    .filter(([name]) => !placed.has(name))
    .map(([name, value]) => `${name}=${formatValue(value)}`);
  const time = String(fields['time']).slice(11, 19);
  return [time, String(fields['level']).padEnd(5), String(fields['name']), String(fields['msg']), ...rest].join('  ');
}

function formatValue(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return String(value);
  // An error in one line; its stack is only in the JSON.
  if ('message' in value && 'type' in value) return `${String(value.type)}: ${String(value.message)}`;
  return JSON.stringify(value);
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined; // JSON objects have string keys
  } catch {
    return undefined;
  }
}
