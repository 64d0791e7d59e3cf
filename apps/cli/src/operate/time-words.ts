/** Formats a time in UTC, to the second. */
export const timeOf = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
] as const;

/** Formats the time that has passed, in its largest whole unit. */
export function agoOf(at: number, now: number): string {
  const ms = Math.max(0, now - at);
  const [size, unit] = units.find(([each]) => ms >= each) ?? ([1000, 's'] as const);
  return `${Math.floor(ms / size)} ${unit} ago`;
}
