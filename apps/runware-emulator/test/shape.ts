/** Words of the protocol: the same shape with another of these means something else. */
const WORDS = new Set(['status', 'code', 'taskType']);

/** The shape of a JSON value as text: names and types, and the words of the protocol; the entries of a list once each, in no order. */
export function shapeOf(value: unknown, name = ''): string {
  if (Array.isArray(value)) return `[${[...new Set(value.map((entry) => shapeOf(entry, name)))].toSorted().join(' | ')}]`;
  if (value === null) return 'null';
  if (typeof value !== 'object') return WORDS.has(name) ? JSON.stringify(value) : typeof value;
  const fields = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${fields.map(([key, entry]) => `${key}: ${shapeOf(entry, key)}`).join(', ')}}`;
}
