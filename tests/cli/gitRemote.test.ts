import assert from 'node:assert/strict';
import { parseRemote } from '../../cli/gitRemote';

describe('The URL of a git remote', () => {
  const contoso = { organization: 'https://dev.azure.com/contoso', project: 'Fabrikam' };
  const old = { organization: 'https://contoso.visualstudio.com', project: 'Fabrikam' };
  const known: [url: string, remote: ReturnType<typeof parseRemote>][] = [
    ['https://dev.azure.com/contoso/Fabrikam/_git/images', contoso],
    ['https://jamal@dev.azure.com/contoso/Fabrikam/_git/images', contoso],
    ['https://jamal:secret@dev.azure.com/contoso/Fabrikam/_git/images', contoso],
    ['https://dev.azure.com/contoso/_git/Fabrikam', contoso],
    ['https://dev.azure.com/contoso/My%20Project/_git/images', { ...contoso, project: 'My Project' }],
    ['git@ssh.dev.azure.com:v3/contoso/Fabrikam/images', contoso],
    ['git@ssh.dev.azure.com:v3/contoso/My%20Project/images', { ...contoso, project: 'My Project' }],
    ['ssh://git@ssh.dev.azure.com:22/v3/contoso/Fabrikam/images', contoso],
    ['contoso@vs-ssh.visualstudio.com:v3/contoso/Fabrikam/images', old],
    ['https://contoso.visualstudio.com/Fabrikam/_git/images', old],
    ['https://contoso.visualstudio.com/DefaultCollection/Fabrikam/_git/images', old],
    ['https://contoso.visualstudio.com/_git/Fabrikam', old],
    ['https://contoso.visualstudio.com/DefaultCollection/_git/Fabrikam', old],
    [
      'https://server/tfs/DefaultCollection/Fabrikam/_git/images',
      { organization: 'https://server/tfs/DefaultCollection', project: 'Fabrikam' },
    ],
    ['http://server:8080/tfs/Main/_git/Fabrikam', { organization: 'http://server:8080/tfs/Main', project: 'Fabrikam' }],
    ['https://server/Main/Fabrikam/_git/images', { organization: 'https://server/Main', project: 'Fabrikam' }],
  ];
  for (const [url, remote] of known) {
    it(`names organization and project: ${url}`, () => {
      assert.deepEqual(parseRemote(url), remote);
    });
  }

  const others = [
    'https://github.com/contoso/images.git',
    'git@github.com:contoso/images.git',
    'https://gitlab.com/group/sub/images.git',
    'https://dev.azure.com/contoso/Fabrikam/_build',
    'https://dev.azure.com/contoso/a/b/_git/images',
    'https://dev.azure.com/_git/images',
    'https://dev.azure.com/contoso/Fabrikam/_git',
    '/srv/git/images.git',
    'file:///srv/contoso/Fabrikam/_git/images',
  ];
  for (const url of others) {
    it(`names none where the repository is not of Azure Repos: ${url}`, () => {
      assert.equal(parseRemote(url), undefined);
    });
  }
});
