/** One row of a model's page, as data. Ranges are inclusive. */
export type Parameter = { readonly required?: true } & (
  | { readonly type: 'fixed'; readonly value: string }
  | { readonly type: 'choice'; readonly values: readonly string[]; readonly default?: string }
  | { readonly type: 'integer'; readonly min?: number; readonly max?: number; readonly default?: number }
  | { readonly type: 'boolean'; readonly default: boolean }
  | { readonly type: 'text'; readonly minLength: number }
  | { readonly type: 'uuid-v4' }
  | { readonly type: 'url' }
  | { readonly type: 'image-list' }
);

/** One field of a model's response, as data. */
export interface ResponseField {
  readonly type: 'fixed' | 'uuid-v4' | 'url' | 'text' | 'integer' | 'boolean' | 'float';
  readonly required: boolean;
}
