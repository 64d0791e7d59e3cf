import { describe, expect, test } from 'vitest';
import { classifyReferenceImage } from './reference-images.ts';

describe('classifyReferenceImage', () => {
  test.each([
    ['c62f6951-f37f-4019-a51c-0ed55c202732', 'uuid'],
    ['C62F6951-F37F-7019-A51C-0ED55C202732', 'uuid'],
    ['https://im.runware.ai/image/os/a20d05/ws/2/ii/c62f.jpg', 'url'],
    ['HTTP://images.example:8080/a%20b?signature=x&y=1#z', 'url'],
    ['https://bücher.example/ä.png', 'url'],
    ['data:image/png;base64,iVBORw0KGgo=', 'data-uri'],
    ['data:image/svg+xml;charset=utf-8;base64,AAAA', 'data-uri'],
    ['iVBORw0KGgo=', 'base64'],
    ['/9j/4AAQSkZJRg==', 'base64'],
    [`darkroom:inputs/${'0a'.repeat(32)}`, 'kept-input'],
    [`darkroom:inputs/acme/${'0a'.repeat(32)}`, 'kept-input'],
  ])('%s is given as %s', (value, kind) => {
    expect(classifyReferenceImage(value)).toBe(kind);
  });

  test.each([
    '',
    ' ',
    'cat.png',
    'c62f6951-f37f-4019-a51c',
    'c62f6951-f37f-4019-a51c-0ed55c202732\n',
    'https://',
    'https://a b.example/',
    'https://images.example/\ud800',
    'ftp://images.example/a.png',
    'file:///etc/passwd',
    '//images.example/a.png',
    'darkroom:inputs/',
    `darkroom:inputs/${'0A'.repeat(32)}`,
    `darkroom:inputs/${'0a'.repeat(32)}/../../images/x`,
    `darkroom:inputs/../${'0a'.repeat(32)}`,
    'data:text/html;base64,AAAA',
    'data:image/png;base64,',
    'data:image/png,%89PNG',
    'data:image/png;base64,not base64',
    'AAA',
    'A===',
    'AA=A',
    'AA_-',
    'AAAA\nAAAA',
  ])('"%s" is in none of the forms', (value) => {
    expect(classifyReferenceImage(value)).toBeUndefined();
  });

  test('a long image is read in linear time', () => {
    const startedAt = performance.now();
    expect(classifyReferenceImage(`data:image/png;base64,${'A'.repeat(4_000_000)}`)).toBe('data-uri');
    expect(classifyReferenceImage(`${'A'.repeat(4_000_000)}!`)).toBeUndefined();
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});
