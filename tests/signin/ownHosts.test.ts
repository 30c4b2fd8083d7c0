import assert from 'node:assert/strict';
import { tokenAddress } from '../../tasks/lib/entra/authority';
import { organizationUrl } from '../../tasks/lib/organizationUrl';
import { isOwnHost } from '../../tasks/lib/ownHosts';

const NEW = 'https://dev.azure.com/Contoso/';
const OLD = 'https://contoso.visualstudio.com/';
const SERVER = 'https://tfs.contoso.example:8443/tfs/Default/';

describe('the hosts to which the token of an organization may go', () => {
  const own: [organization: string, address: string][] = [
    [NEW, 'https://vsrm.dev.azure.com/contoso/'],
    [NEW, 'https://contoso.vsrm.visualstudio.com/'],
    [NEW, 'https://contoso.visualstudio.com/DefaultCollection/'],
    [OLD, 'https://contoso.vsrm.visualstudio.com/'],
    [OLD, 'https://vsrm.dev.azure.com/contoso'],
    [SERVER, 'https://tfs.contoso.example:8443/tfs/Default'],
    [SERVER, 'https://TFS.contoso.example/releases/'],
    ['http://tfs:8080/tfs/Default/', 'https://tfs/tfs/Default/'],
    ['http://127.0.0.1:4000/contoso/', 'http://127.0.0.1:4001/contoso/'],
  ];
  const foreign: [organization: string, address: string][] = [
    [NEW, 'https://vsrm.dev.azure.com/fabrikam/'],
    [NEW, 'https://fabrikam.vsrm.visualstudio.com/'],
    [NEW, 'http://vsrm.dev.azure.com/contoso/'],
    [NEW, 'https://vsrm.dev.azure.com:8443/contoso/'],
    [NEW, 'https://vsrm.dev.azure.com.example/contoso/'],
    [NEW, 'https://evildev.azure.com/contoso/'],
    [NEW, 'https://vsrm.dev.azure.com/'],
    [NEW, 'https://user:pass@vsrm.dev.azure.com/contoso/'],
    [OLD, 'https://contoso.visualstudio.com.example/'],
    [OLD, 'https://contosovisualstudio.com/'],
    [SERVER, 'https://other.contoso.example/tfs/Default/'],
    [SERVER, 'http://tfs.contoso.example/tfs/Default/'],
    [SERVER, 'https://vsrm.dev.azure.com/contoso/'],
    ['http://127.0.0.1:4000/contoso/', 'http://127.0.0.2:4000/contoso/'],
    [NEW, 'file:///etc/passwd'],
    [NEW, 'vsrm.dev.azure.com'],
  ];

  for (const [organization, address] of own)
    it(`${organization} owns ${address}`, () => assert.equal(isOwnHost(organization, address), true));
  for (const [organization, address] of foreign)
    it(`${organization} does not own ${address}`, () => assert.equal(isOwnHost(organization, address), false));
});

describe('the URL of an organization', () => {
  const good: [given: string, url: string][] = [
    ['https://dev.azure.com/contoso', NEW.toLowerCase()],
    ['https://dev.azure.com/contoso/', NEW.toLowerCase()],
    ['https://contoso.visualstudio.com', OLD],
    ['https://contoso.visualstudio.com/DefaultCollection', `${OLD}DefaultCollection/`],
    ['https://server/tfs/My Collection', 'https://server/tfs/My%20Collection/'],
    ['https://server/tfs/Bücher/', 'https://server/tfs/B%C3%BCcher/'],
    ['http://server:8080/tfs/DefaultCollection/', 'http://server:8080/tfs/DefaultCollection/'],
    ['https://server/DefaultCollection//', 'https://server/DefaultCollection/'],
  ];
  for (const [given, url] of good)
    it(`is ${url} for '${given}'`, () => assert.equal(organizationUrl(given, 'organization'), url));

  const bad: [given: string, why: RegExp][] = [
    ['contoso', /is no URL/],
    ['https://dev.azure.com/', /names no organization/],
    ['https://dev.azure.com/contoso/Fabrikam', /has more than the organization/],
    ['http://dev.azure.com/contoso', /would send the token where all can read it/],
    ['http://contoso.visualstudio.com', /would send the token where all can read it/],
    ['https://dev.azure.com/contoso?x=1', /has a query/],
    ['https://contoso.visualstudio.com/_git', /is the address of a page/],
    ['https://me:secret@dev.azure.com/contoso', /must not hold a user name or password/],
    ['ftp://dev.azure.com/contoso', /is no URL/],
  ];
  for (const [given, why] of bad)
    it(`is refused for '${given}'`, () => assert.throws(() => organizationUrl(given, 'organization'), why));
});

describe('the address where a tenant gives tokens', () => {
  const at = (data: Record<string, string>, tenantid = 'contoso.example') =>
    tokenAddress(
      {
        id: 'x',
        url: '',
        scheme: '',
        parameter: (name) => ({ tenantid })[name],
        data: (name) => data[name],
      },
      'the connection',
    );

  const clouds: [data: Record<string, string>, host: string][] = [
    [{}, 'login.microsoftonline.com'],
    [{ environment: 'AzureCloud' }, 'login.microsoftonline.com'],
    [{ environment: 'AzureUSGovernment' }, 'login.microsoftonline.us'],
    [{ environment: 'AzureChinaCloud' }, 'login.chinacloudapi.cn'],
    [{ environmentAuthorityUrl: 'https://login.windows.net/' }, 'login.windows.net'],
    [
      { environment: 'AzureStack', activeDirectoryAuthority: 'https://login.microsoftonline.com/' },
      'login.microsoftonline.com',
    ],
    [
      { environment: 'AzureCloud', environmentAuthorityUrl: 'https://login.partner.microsoftonline.cn' },
      'login.partner.microsoftonline.cn',
    ],
  ];
  for (const [data, host] of clouds)
    it(`is at ${host} for ${JSON.stringify(data)}`, () =>
      assert.equal(at(data), `https://${host}/contoso.example/oauth2/v2.0/token`));

  for (const authority of [
    'https://login.example/',
    'http://login.microsoftonline.com/',
    'https://login.microsoftonline.com:444/',
    'https://login.microsoftonline.com.example/',
  ])
    it(`is none for the authority ${authority}, so that no secret goes there`, () =>
      assert.throws(() => at({ environmentAuthorityUrl: authority }), /no place where Microsoft Entra ID signs in/));

  it('is none for a tenant that would lead elsewhere', () =>
    assert.throws(() => at({}, '../other'), /'\.\.\/other' is no tenant/));
});
