import { expect, test } from 'vitest';
import { checkGrokImagineRequest } from './parse.ts';
import { referenceAddressProblems } from './reference-address.ts';

const LOCAL_NAME = /^must name a host of the public internet/;
const NOT_PUBLIC = /^must lead to the public internet/;
const NOTATION = /^must write an IP address in its usual notation/;
const LOGIN = /^must carry no user name or password/;
const AMBIGUOUS = /^must hold no backslash and no control character/;
const LONG = /^must have at most 8192 characters$/;

test.for([
  'https://im.runware.ai/image/1.jpg',
  'https://bucket.s3.eu-central-1.amazonaws.com/a.png?X-Amz-Signature=00&X-Amz-Expires=60',
  'HTTP://images.example:8080/a%20b?x=@localhost#//127.0.0.1',
  'https://bücher.example/ä.png',
  'https://xn--bcher-kva.example./a.png',
  'https://8.8.8.8/a.png',
  'https://8.8.8.8:8443/a.png',
  'https://[2606:4700:4700::1111]/a.png',
  'https://local.example/a.png',
  'https://internal.example.com/a.png',
  'https://127.0.0.1.example.com/a.png',
  `https://images.example/${'a'.repeat(8000)}`,
])('%s may be fetched', (address) => {
  expect(referenceAddressProblems(address)).toEqual([]);
});

const refused: [string, ...RegExp[]][] = [
  // names
  ['http://localhost/a.png', LOCAL_NAME],
  ['http://localhost./a.png', LOCAL_NAME],
  ['http://LOCALHOST:6379/', LOCAL_NAME],
  ['http://a.localhost/', LOCAL_NAME],
  ['http://redis:6379/', LOCAL_NAME],
  ['http://printer.local/', LOCAL_NAME],
  ['http://metadata.google.internal/computeMetadata/v1/', LOCAL_NAME],
  ['http://router.home.arpa/', LOCAL_NAME],
  ['http://ｌｏｃａｌｈｏｓｔ/', LOCAL_NAME],
  ['http://loca%6chost/', LOCAL_NAME],
  // private, loopback, link-local and reserved addresses
  ['http://127.0.0.1/', NOT_PUBLIC],
  ['http://127.1.2.3:8080/', NOT_PUBLIC],
  ['http://10.0.0.1/', NOT_PUBLIC],
  ['http://172.16.0.1/', NOT_PUBLIC],
  ['http://192.168.1.1/', NOT_PUBLIC],
  ['http://100.64.0.1/', NOT_PUBLIC],
  ['http://169.254.169.254/latest/meta-data/iam/', NOT_PUBLIC],
  ['http://0.0.0.0/', NOT_PUBLIC],
  ['http://255.255.255.255/', NOT_PUBLIC],
  ['http://224.0.0.1/', NOT_PUBLIC],
  ['http://[::1]/', NOT_PUBLIC],
  ['http://[::]/', NOT_PUBLIC],
  ['http://[fd00:ec2::254]/latest/meta-data/', NOT_PUBLIC],
  ['http://[fe80::1]/', NOT_PUBLIC],
  ['http://[::ffff:a9fe:a9fe]/', NOT_PUBLIC],
  ['http://[64:ff9b::a9fe:a9fe]/', NOT_PUBLIC],
  // the same, written in other ways
  ['http://127.1/', NOT_PUBLIC, NOTATION],
  ['http://127.0.0.1./', NOT_PUBLIC, NOTATION],
  ['http://2130706433/', NOT_PUBLIC, NOTATION],
  ['http://0x7f000001/', NOT_PUBLIC, NOTATION],
  ['http://0x7f.1/', NOT_PUBLIC, NOTATION],
  ['http://0177.0.0.1/', NOT_PUBLIC, NOTATION],
  ['http://0/', NOT_PUBLIC, NOTATION],
  ['http://①②⑦.⓪.⓪.①/', NOT_PUBLIC, NOTATION],
  ['http://127。0。0。1/', NOT_PUBLIC, NOTATION],
  ['http://%31%32%37.0.0.1/', NOT_PUBLIC, NOTATION],
  ['http://[::ffff:127.0.0.1]/', NOT_PUBLIC, NOTATION],
  ['http://[0:0:0:0:0:0:0:1]/', NOT_PUBLIC, NOTATION],
  // public to one parser and private to another
  ['http://010.8.8.8/', NOTATION],
  ['http://134744072/', NOTATION],
  // logins
  ['https://user@images.example/a.png', LOGIN],
  ['https://user:pass@images.example/a.png', LOGIN],
  ['https://:pass@images.example/a.png', LOGIN],
  ['https://images.example@127.0.0.1/', LOGIN, NOT_PUBLIC],
  ['https://images.example%2F@10.0.0.1/', LOGIN, NOT_PUBLIC],
  // URL parsers disagree about these
  ['https://images.example\\@127.0.0.1/', AMBIGUOUS],
  ['https://127.0.0.1\\@images.example/', AMBIGUOUS, NOT_PUBLIC],
  ['https://images.example/a\u0000b', AMBIGUOUS],
  ['https://images.example/a\u007fb', AMBIGUOUS],
  [`https://images.example/${'a'.repeat(8192)}`, LONG],
];

test.for(refused)('%s is refused, once for each problem', ([address, ...messages]) => {
  expect(referenceAddressProblems(address)).toEqual(messages.map((message) => expect.stringMatching(message) as string));
});

test('names the image whose address the provider cannot reach, without repeating the address', () => {
  const referenceImages = ['https://images.example/a.png', 'http://user:hunter2@10.0.0.1/'];
  const problems = checkGrokImagineRequest({ positivePrompt: 'x', inputs: { referenceImages } }, { maxReferenceImages: 2 });
  expect(problems.map(({ path, given }) => [path, given])).toEqual([
    ['inputs.referenceImages[1]', 'a string of 29 characters'],
    ['inputs.referenceImages[1]', 'a string of 29 characters'],
  ]);
  expect(JSON.stringify(problems)).not.toMatch(/hunter2|10\.0/);
});
