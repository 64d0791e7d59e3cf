import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { describeSettings } from './config.ts';
import { faultsSchema } from './faults/schema.ts';

// After a change of a schema, copy what the failure shows as expected.
test.each([
  ['switches', '| switch |', describeFaults],
  ['settings', '| variable |', describeSettings],
])('the table of %s in README.md is the one drawn from the schema', async (_, head, describe) => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const table = readme.slice(readme.indexOf(head)).split('\n\n')[0]?.trim();
  expect(table).toBe(describe());
});

/** JSON Schema of one switch. */
const propertySchema = z.object({
  description: z.string(),
  default: z.unknown(),
  type: z.string(),
  enum: z.array(z.string()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
});

type Property = z.infer<typeof propertySchema>;

/** Builds the Markdown table of all switches, for README.md. */
function describeFaults(): string {
  const { properties = {} } = z.toJSONSchema(faultsSchema, { io: 'input' });
  const rows = Object.entries(properties).map(([name, property]) => {
    const parsed = propertySchema.parse(property);
    return `| \`${name}\` | \`${JSON.stringify(parsed.default)}\` | ${valuesOf(parsed)} | ${parsed.description} |`;
  });
  return ['| switch | default | values | does |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function valuesOf({ type, enum: allowed, minimum, maximum }: Property): string {
  if (allowed !== undefined) return allowed.map((value) => `\`${value}\``).join(', ');
  if (type === 'array') return '`[min, max]`';
  if (type !== 'number' && type !== 'integer') return type;
  // zod adds the bounds of safe integers to every whole number.
  const from = minimum ?? 0;
  return maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? `${type}, at least ${from}` : `${type}, ${from} to ${maximum}`;
}
