/** Returns true if a host, without its port, names this machine alone: localhost, 127.0.0.0/8 or ::1. */
export const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);

/** Returns true if the host of a URL names this machine alone. */
export const isLoopbackUrl = (url: string): boolean => isLoopbackHost(new URL(url).hostname);
