/** An event of a stream, or a place to come back to without one. */
export interface SseMessage {
  readonly event: string;
  /** Undefined for a place alone. */
  readonly data: string | undefined;
  /** The `id` of this event, if it has one. */
  readonly id: string | undefined;
}

/**
 * Reads server-sent events from parts of text (HTML standard, "Server-sent events"). An id without data is told too: a reader that is cut
 * before the first event comes back to it, as an EventSource does.
 */
export function createSseParser(): (part: string) => SseMessage[] {
  let rest = '';
  let event = '';
  let data: string[] = [];
  let id: string | undefined;

  function take(line: string, messages: SseMessage[]): void {
    if (line === '') {
      if (data.length > 0 || id !== undefined)
        messages.push({ event: event === '' ? 'message' : event, data: data.length === 0 ? undefined : data.join('\n'), id });
      [event, data, id] = ['', [], undefined];
      return;
    }
    const at = line.indexOf(':');
    const name = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? '' : line.slice(at + 1).replace(/^ /, '');
    if (name === 'event') event = value;
    else if (name === 'data') data.push(value);
    else if (name === 'id' && !value.includes('\0')) id = value;
  }

  return (part) => {
    const messages: SseMessage[] = [];
    const lines = `${rest}${part}`.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) take(line, messages);
    return messages;
  };
}
