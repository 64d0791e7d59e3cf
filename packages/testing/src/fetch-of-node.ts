// A setup file. Whichever undici is loaded first in a process becomes the dispatcher of the global `fetch`, and that of npm, which the
// product asks the provider with, builds headers that the `fetch` of Node 20 garbles. In a worker of Vitest many files share a process:
// that of Node is loaded before any of them.
void globalThis.Headers;
