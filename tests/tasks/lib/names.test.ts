import assert from 'node:assert/strict';
import { UserError } from '../../../tasks/lib/errors';
import { nearest } from '../../../tasks/lib/nearest';
import { organizationUrl } from '../../../tasks/lib/organizationUrl';
import { fitsPattern, isPattern } from '../../../tasks/lib/pattern';
import { Secrets } from '../../../tasks/lib/secrets';

describe('The URL of an organization', () => {
  const rows: [text: string, url: string | RegExp][] = [
    ['https://dev.azure.com/contoso', 'https://dev.azure.com/contoso/'],
    ['https://dev.azure.com/contoso/', 'https://dev.azure.com/contoso/'],
    ['https://contoso.visualstudio.com', 'https://contoso.visualstudio.com/'],
    ['https://contoso.visualstudio.com/DefaultCollection/', 'https://contoso.visualstudio.com/DefaultCollection/'],
    ['https://server/tfs/Default Collection', 'https://server/tfs/Default%20Collection/'],
    ['http://server:8080/tfs/Collection//', 'http://server:8080/tfs/Collection/'],
    ['contoso', /'contoso' is no URL/],
    ['ftp://server/x', /is no URL/],
    ['https://me:secret@dev.azure.com/contoso', /must not hold a user name or password/],
    ['https://dev.azure.com', /names no organization/],
    ['https://dev.azure.com/contoso/Fabrikam', /has more than the organization/],
    ['https://dev.azure.com/contoso?x=y', /has a query/],
    ['https://server/tfs/Collection/_git/x', /is the address of a page/],
    ['http://dev.azure.com/contoso', /would send the token where all can read it/],
    ['http://contoso.visualstudio.com', /would send the token where all can read it/],
  ];
  for (const [text, url] of rows) {
    it(`${text.replace('secret', '…')} ${typeof url === 'string' ? `is ${url}` : 'is judged'}`, () => {
      if (typeof url === 'string') assert.equal(organizationUrl(text, 'organization'), url);
      else
        assert.throws(
          () => organizationUrl(text, 'organization'),
          (error) => error instanceof UserError && url.test(error.message) && !error.message.includes('secret'),
        );
    });
  }
});

describe('The nearest names', () => {
  it('are those with the fewest other letters, best first, at most five', () => {
    const names = ['deploy', 'rebuild', 'rebuilt', 'build', 'nightly', 'scan', 'release'];
    assert.equal(nearest('rebiuld', names)[0], 'rebuild');
    assert.equal(nearest('x', names).length, 5);
    assert.deepEqual(nearest('x', []), []);
  });

  it('are found by the last part of a path as well, in any case', () => {
    assert.equal(
      nearest('REBUILD', ['\\a\\very\\long\\folder\\rebuild', '\\rebate'])[0],
      '\\a\\very\\long\\folder\\rebuild',
    );
    assert.equal(nearest('\\images\\rebuild', ['\\image\\rebuild', '\\images\\scan'])[0], '\\image\\rebuild');
  });
});

describe('A pattern', () => {
  const rows: [pattern: string, name: string, fits: boolean][] = [
    ['img*', 'imgName', true],
    ['IMG*', 'img', true],
    ['*', '', true],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['a.c', 'abc', false],
    ['(a|b)', 'a', false],
    ['reports-*', 'my-reports-x', false],
    ['[x]', '[x]', true],
  ];
  for (const [pattern, name, fits] of rows) {
    it(`${pattern} ${fits ? 'fits' : 'does not fit'} '${name}'`, () => assert.equal(fitsPattern(pattern, name), fits));
  }

  it('that is all stars is answered at once for a long name', () => {
    const begin = performance.now();
    fitsPattern('a*b*c*d*e*f', 'abcde'.repeat(40));
    assert.ok(performance.now() - begin < 5000);
  });

  it('is told from a name by its placeholders', () => {
    assert.deepEqual(['a*', 'a?', 'a.b'].map(isPattern), [true, true, false]);
  });
});

describe('A secret', () => {
  it('is told to the agent in all forms that it is sent in, and taken out of every text', () => {
    const told: string[] = [];
    const secrets = new Secrets((value) => told.push(value));
    const secret = 'p+ss/w rd';
    secrets.add(secret, 'me');
    const forms = [secret, btoa(secret), btoa(`me:${secret}`), btoa(`:${secret}`), encodeURIComponent(secret)];
    for (const form of forms) {
      assert.ok(told.includes(form), form);
      assert.equal(secrets.redact(`<${form}>`), '<***>');
    }
  });

  it('that holds another one leaves nothing of itself', () => {
    const secrets = new Secrets(() => undefined);
    secrets.add('hunter');
    secrets.add('hunter-of-the-lost-key');
    assert.equal(secrets.redact('hunter-of-the-lost-key'), '***');
  });

  it('of several lines is told line by line, as the agent wants it', () => {
    const told: string[] = [];
    new Secrets((value) => told.push(value)).add('first line\nsecond line');
    assert.ok(told.includes('first line') && told.includes('second line'));
    assert.ok(!told.some((value) => value.includes('\n')));
  });

  it('that is empty or very short is left alone: it would hide half of the log', () => {
    const secrets = new Secrets(() => undefined);
    secrets.add('');
    secrets.add(undefined);
    secrets.add('ab');
    assert.equal(secrets.redact('abc ab'), 'abc ab');
  });
});
