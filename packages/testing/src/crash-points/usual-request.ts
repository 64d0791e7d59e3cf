/** What is ordered when nothing else is said. */
export const usualRequest = { positivePrompt: 'a lighthouse that goes dark', width: 576, height: 1248 } as const;
