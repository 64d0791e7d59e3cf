import { gzipSync } from 'node:zlib';

/** Bytes to send on a connection, and the expected answer: a status, or "" if the server closes it without an answer. */
export interface HostileRequest {
  say: (string | Uint8Array)[];
  hears: string;
}

/** Builds requests that are invalid or refused although the capability in `path` is valid. None may be kept. */
export function buildHostileRequests(path: string): Record<string, HostileRequest> {
  const head = `POST ${path} HTTP/1.1\r\nHost: a\r\n`;
  const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n`;
  const body = 'Content-Length: 2\r\n\r\n{}';
  const refused = (say: HostileRequest['say'][number], hears: string): HostileRequest => ({ say: [say], hears });
  const oversize = 300_000;
  return {
    garbage: refused('\u0000\u0001GARBAGE\r\n\r\n', '400'),
    'a TLS handshake': refused(Buffer.from('16030100050100000100', 'hex'), '400'),
    'the preface of HTTP/2': refused('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '400'),
    'an unknown version': refused(`POST ${path} HTTP/9.9\r\nHost: a\r\n${body}`, '400'),
    'a method that does not exist': refused(`BREW ${path} HTTP/1.1\r\nHost: a\r\n${body}`, '400'),
    'a method in small letters': refused(`post ${path} HTTP/1.1\r\nHost: a\r\n${body}`, '400'),
    'a tunnel': refused(`CONNECT 127.0.0.1:6379 HTTP/1.1\r\nHost: a\r\n\r\n`, ''),
    ...Object.fromEntries(
      ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND'].map((method) => [
        method,
        refused(`${method} ${path} HTTP/1.1\r\nHost: a\r\nX-HTTP-Method-Override: POST\r\n${body}`, '405'),
      ]),
    ),
    ...Object.fromEntries(
      ['/x/..', '/.', '//a', '/webhooks/..', '/%2e', '/%00', '/;', '/\\'].map((prefix) => [
        `the path after ${prefix}`,
        refused(`POST ${prefix}${path} HTTP/1.1\r\nHost: a\r\n${body}`, '404'),
      ]),
    ),
    'no host': refused(`POST ${path} HTTP/1.1\r\n${body}`, '400'),
    'two lengths': refused(`${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} `, '400'),
    'a length and chunks': refused(`${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`, '400'),
    'a negative length': refused(`${head}Content-Length: -2\r\n\r\n{}`, '400'),
    'a length in hex': refused(`${head}Content-Length: 0x2\r\n\r\n{}`, '400'),
    'chunks that are then something else': refused(`${head}Transfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n`, '400'),
    'a chunk of no size': refused(`${chunked}zz\r\n{}\r\n`, '400'),
    'a chunk with a remark of 20 KB': refused(`${chunked}2;${'a'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`, '400'),
    'a chunk larger than all numbers': refused(`${chunked}ffffffffffffffffff\r\n`, '400'),
    'folded headers': refused(`${head}X: a\r\n b\r\n${body}`, '400'),
    'line feeds alone': refused(`POST ${path} HTTP/1.1\nHost: a\nContent-Length: 2\n\n{}`, '400'),
    'a header with a null byte': refused(`${head}X: a\u0000b\r\n${body}`, '400'),
    'a header of 20 KB': refused(`${head}X: ${'a'.repeat(20_000)}\r\n${body}`, '400'),
    'three thousand headers': refused(`${head}${Array.from({ length: 3000 }, (_, at) => `x${at}: y\r\n`).join('')}${body}`, '400'),
    'an address of 20 KB': refused(`POST ${path}${'a'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n${body}`, '400'),
    'an unknown expectation': refused(`${head}Expect: banana\r\n${body}`, '417'),
    'a body that is announced too large': refused(`${head}Content-Length: ${oversize}\r\n\r\n{`, '413'),
    'a body that is announced endless': refused(`${head}Content-Length: 9007199254740991\r\n\r\n{`, '413'),
    'a body that says no size and is too large': refused(`${chunked}${oversize.toString(16)}\r\n${'x'.repeat(oversize)}\r\n`, '413'),
    'a bomb that is announced too large': (() => {
      const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 9 });
      return { say: [`${head}Content-Encoding: gzip\r\nContent-Length: ${bomb.length * 8}\r\n\r\n`, bomb], hears: '413' };
    })(),
  };
}
