import { ConfigError, InvalidRequestError } from '@darkroom/contracts';

/** Returns the refused paths, all at once. @throws Error if the call succeeds, and any other error of the call. */
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
