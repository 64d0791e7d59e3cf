export type BoundedBody = { kind: 'read'; bytes: Uint8Array<ArrayBuffer> } | { kind: 'too-large' };

/**
 * Reads a response body up to `maxBytes`, counted after decompression, and stops reading there. Ignores the length that the server
 * announces.
 * @throws the error of the stream, such as a connection that ends half way.
 */
export async function readBoundedBody(body: AsyncIterable<Uint8Array> | null, maxBytes: number): Promise<BoundedBody> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop cancels the stream, which closes the connection.
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) return { kind: 'too-large' };
    chunks.push(chunk);
  }
  return { kind: 'read', bytes: Buffer.concat(chunks) };
}
