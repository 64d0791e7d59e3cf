import { isLoopbackHost } from '@darkroom/contracts';

/** Returns true if the host of a URL is this machine. */
export const isLoopbackUrl = (url: string): boolean => isLoopbackHost(new URL(url).hostname);
