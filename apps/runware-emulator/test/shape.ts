/** Fields whose values belong to the shape, because they are words of the protocol. */
const WORDS = new Set(['status', 'code', 'taskType']);

/** Returns the shape of a JSON value as text: names, types and words of the protocol; each different element of a list once, sorted. */
export function shapeOf(value: unknown, name = ''): string {
  if (Array.isArray(value)) return `[${[...new Set(value.map((entry) => shapeOf(entry, name)))].toSorted().join(' | ')}]`;
  if (value === null) return 'null';
  if (typeof value !== 'object') return WORDS.has(name) ? JSON.stringify(value) : typeof value;
  const fields = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${fields.map(([key, entry]) => `${key}: ${shapeOf(entry, key)}`).join(', ')}}`;
}
