import { defined } from '@darkroom/contracts';
import { z } from 'zod';

/** One variable of the environment, for a page of documentation. */
export interface VariableDescription {
  readonly name: string;
  /** Default value; absent if the variable is required, or if leaving it out has its own meaning. */
  readonly default?: string;
  readonly isRequired: boolean;
  /** Allowed values, to follow "must be". */
  readonly allowed: string;
}

/**
 * Describes every variable that schemas of `text`, `url`, `wholeNumber`, `oneOf` and `flag` read, in their order and each once. A variable
 * that a schema only looks at (`z.unknown`, `z.string`) is described by the schema with its rule.
 */
export function describeSettings(schemas: Readonly<Record<string, z.ZodType>>): VariableDescription[] {
  const variables = Object.values(schemas).flatMap((schema) => Object.entries(shapeOf(schema)));
  const described = variables.flatMap(([name, variable]) => {
    // Each is read from text, so a number is refused, and the refusal lists the allowed values.
    const refused = z.safeParse(variable, 0).error?.issues[0];
    const fallback = defaultOf(variable);
    return refused === undefined || !refused.message.startsWith('must be ')
      ? []
      : [
          {
            name,
            ...defined({ default: fallback }),
            isRequired: !z.safeParse(variable, undefined).success,
            allowed: refused.message.replace(/^must be /, ''),
          },
        ];
  });
  return described.filter(({ name }, at) => described.findIndex((other) => other.name === name) === at);
}

/** Returns the name of every variable that schemas look at. */
export const variableNames = (schemas: readonly z.ZodType[]): string[] => schemas.flatMap((schema) => Object.keys(shapeOf(schema)));

/** Returns the variables of a schema, which may transform their values. */
function shapeOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> {
  if (schema instanceof z.ZodPipe) return shapeOf(schema.in);
  return schema instanceof z.ZodObject ? schema.shape : {};
}

function defaultOf(schema: z.core.$ZodType): string | undefined {
  if (schema instanceof z.ZodDefault) return String(schema.def.defaultValue);
  return schema instanceof z.ZodPipe ? defaultOf(schema.in) : undefined;
}
