import assert from 'node:assert/strict';
import { spellingIn } from './leaks';
import { SecretMasker } from './secretMasker';

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('SecretMasker', () => {
  it('masks a value as it is, in JSON and in a URI, from when it was added', () => {
    const masker = new SecretMasker();
    assert.equal(masker.mask('p"a ss'), 'p"a ss');
    masker.add('p"a ss');
    assert.equal(masker.mask('a p"a ss b {"x":"p\\"a ss"} ?p=p%22a%20ss'), 'a *** b {"x":"***"} ?p=***');
  });

  it('masks a secret variable in base64 and escaped too', () => {
    const masker = new SecretMasker();
    masker.addVariable(' 100%\nsafe ');
    assert.equal(masker.mask(`${base64(' 100%\nsafe ')} 100%AZP25%0Asafe !`), '***!');
  });

  it('puts one mask for secrets that overlap', () => {
    const masker = new SecretMasker();
    masker.add('abcd');
    masker.add('cdef');
    masker.add('bc');
    assert.equal(masker.mask('xabcdefx abcd'), 'x***x ***');
  });

  it('masks passwords in URLs that nobody told it', () => {
    assert.equal(new SecretMasker().mask('https://me:pass@host/a:b@c'), 'https://me:***@host/a:b@c');
  });
});

describe('spellingIn', () => {
  const secret = 'S3cr+t/käy?';
  const found: [text: string, spelling: string][] = [
    [`x${secret}y`, 'as it is'],
    [`?a=${encodeURIComponent(secret)}&b`, 'URI-encoded'],
    [base64(secret), 'in base64'],
    [`Basic ${base64(`:${secret}`)}`, 'in base64'],
    [`Basic ${base64(`me:${secret}`)}`, 'in base64'],
    [`Basic ${base64(`some:${secret}`)}`, 'in base64'],
    [base64(`{"token":"${secret}","x":1}`).replaceAll('+', '-').replaceAll('/', '_'), 'in base64'],
  ];
  for (const [text, spelling] of found) {
    it(`finds a secret ${spelling}: ${text}`, () => assert.equal(spellingIn(text, secret), spelling));
  }

  it('finds a single line of a key', () => {
    const key = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n-----END PRIVATE KEY-----';
    assert.equal(spellingIn('key: MIIEvQIBADANBgkqhkiG9w0B', key), 'as it is');
  });

  it('finds a secret with a line break in JSON', () => {
    assert.equal(spellingIn('{"a":"first\\nsecond"}', 'first\nsecond'), 'as JSON');
  });

  it('does not find what is only alike, or shorter than four characters', () => {
    assert.equal(spellingIn('S3cr+t/kä', secret), undefined);
    assert.equal(spellingIn('abc', 'abc'), undefined);
  });
});
