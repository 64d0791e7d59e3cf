/** The request of an order that names no other. */
export const usualRequest = { positivePrompt: 'a lighthouse that goes dark', width: 576, height: 1248 } as const;
