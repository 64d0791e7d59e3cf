import { z } from 'zod';

/** One variable of the environment, as a page of documentation names it. */
export interface VariableDescription {
  readonly name: string;
  /** What holds when it is not set; absent when it must be set, or when leaving it out means something of its own. */
  readonly default?: string;
  readonly isRequired: boolean;
  /** What it may be, to follow "must be". */
  readonly allowed: string;
}

/**
 * Describes every variable that schemas made of `text`, `url`, `wholeNumber`, `oneOf` and `flag` read, in their order and each
 * once. A variable that a schema only looks at (`z.unknown`, `z.string`) is left to the one that says what it must be.
 */
export function describeSettings(schemas: Readonly<Record<string, z.ZodType>>): VariableDescription[] {
  const variables = Object.values(schemas).flatMap((schema) => Object.entries(shapeOf(schema)));
  const described = variables.flatMap(([name, variable]) => {
    // Each is read from text, so that a number is refused, and the refusal says what is allowed.
    const refused = z.safeParse(variable, 0).error?.issues[0];
    const fallback = defaultOf(variable);
    return refused === undefined || !refused.message.startsWith('must be ')
      ? []
      : [
          {
            name,
            ...(fallback === undefined ? {} : { default: fallback }),
            isRequired: !z.safeParse(variable, undefined).success,
            allowed: refused.message.replace(/^must be /, ''),
          },
        ];
  });
  return described.filter(({ name }, at) => described.findIndex((other) => other.name === name) === at);
}

/** Names every variable that schemas look at. */
export const variableNames = (schemas: readonly z.ZodType[]): string[] => schemas.flatMap((schema) => Object.keys(shapeOf(schema)));

/** The variables of a schema, which may transform what it read. */
function shapeOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> {
  if (schema instanceof z.ZodPipe) return shapeOf(schema.in);
  return schema instanceof z.ZodObject ? schema.shape : {};
}

function defaultOf(schema: z.core.$ZodType): string | undefined {
  if (schema instanceof z.ZodDefault) return String(schema.def.defaultValue);
  return schema instanceof z.ZodPipe ? defaultOf(schema.in) : undefined;
}
