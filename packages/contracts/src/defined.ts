type Flat<T> = { [Key in keyof T]: T[Key] };

/** Type of the fields without `undefined` as a value: a field that may hold it becomes optional. */
type Defined<T> = Flat<
  { [Key in keyof T as undefined extends T[Key] ? never : Key]: T[Key] } & {
    [Key in keyof T as undefined extends T[Key] ? Key : never]?: Exclude<T[Key], undefined>;
  }
>;

/** Returns a copy without the fields whose value is `undefined`, as `exactOptionalPropertyTypes` requires of optional ones. */
export const defined = <T extends object>(fields: T): Defined<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>; // drops only what the type drops
