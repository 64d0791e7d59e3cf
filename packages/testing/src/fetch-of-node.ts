// A setup file. The undici that loads first in a process becomes the dispatcher of the global `fetch`. The product asks the provider with
// npm's undici, whose headers the `fetch` of Node 20 garbles. Many test files share one process of Vitest, so Node's undici loads first.
void globalThis.Headers;
