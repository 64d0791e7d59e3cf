import { ConfigError, InvalidRequestError } from '@darkroom/contracts';

/** Returns what was refused, all at once. @throws Error when nothing was, and what was thrown in other words. */
export const problemsOf = async (attempt: () => unknown): Promise<{ type: unknown; paths: string[]; message: string }> => {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof ConfigError || error instanceof InvalidRequestError) {
      return { type: error.constructor, paths: error.problems.map(({ path }) => path), message: error.message };
    }
    throw error;
  }
  throw new Error('nothing was refused');
};
