import { runProgram, type ProgramOptions } from '@darkroom/local-stack';

const SHOWN_CHARACTERS = 2000;

/** Runs a program to its end. @returns what it printed. @throws Error with the last of that if it fails. */
export async function runOrThrow(options: ProgramOptions): Promise<string> {
  const { code, output } = await runProgram(options);
  if (code !== 0) throw new Error(`"${[options.name, ...options.args].join(' ')}" ended with ${code}:\n${output.slice(-SHOWN_CHARACTERS)}`);
  return output;
}
