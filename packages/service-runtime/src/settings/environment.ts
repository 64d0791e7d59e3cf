/** The environment as a process sees it. */
export type Environment = Readonly<Record<string, string | undefined>>;
