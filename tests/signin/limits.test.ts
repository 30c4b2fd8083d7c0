import assert from 'node:assert/strict';
import type { Permission } from '../../emulator/state/identity';
import type { TokenOptions } from '../../emulator/tokens';
import { cureFor } from '../../tasks/lib/knownRefusals';
import { jobVariables, startScene, type Scene } from './scene';

const TOKEN = 'the-token-of-a-limited-job';
const BUILD_SERVICE = 'Fabrikam Build Service (contoso)';

describe('the limits of the token of a job, as a process tells them', function () {
  this.timeout(30_000);
  let scene: Scene;
  afterEach(() => scene.close());

  /** Starts a pipeline of another project of the own organization with a limited token; gives the message. */
  async function messageWith(limits: Partial<TokenOptions>, inputs: Record<string, string> = {}): Promise<string> {
    scene = await startScene();
    const { own } = scene;
    own.tokens.push({ token: TOKEN, identity: BUILD_SERVICE, ...limits });
    own.state.addProject('Images');
    own.state.addPipeline({ project: 'Images', name: 'rebuild', id: 42 });
    const step = await scene.run(inputs, [], {
      variables: jobVariables(own),
      systemConnection: { url: own.url, token: TOKEN },
    });
    assert.equal(step.result, 'Failed');
    assert.deepEqual(step.leaks, []);
    return step.message ?? '';
  }

  it('names both build services and the pages where the scope is set, for a project that it cannot see', async () => {
    const message = await messageWith({ projects: ['Fabrikam'] });
    const { url } = scene.own;
    assert.match(message, /VS800075/);
    assert.ok(message.includes(`grant '${BUILD_SERVICE}' (or 'Project Collection Build Service (contoso)'`), message);
    assert.ok(message.includes(`${url}Images/_settings/permissions`), message);
    assert.match(message, /switch off 'Limit job authorization scope to current project'/);
    assert.ok(message.includes(`${url}_settings/pipelinessettings`), message);
  });

  it('names the identity, the permission and the pipeline, for one that it may not queue', async () => {
    const message = await messageWith({ denied: ['queueBuilds' satisfies Permission] });
    assert.match(message, /TF215106/);
    const page = `${scene.own.url}Images/_build?definitionId=42`;
    assert.ok(message.includes(`Grant '${BUILD_SERVICE}' 'Queue builds'`), message);
    assert.ok(message.includes(`${page} > … > Manage security`), message);
  });

  it('says of a connection that it may not see the project, without a word of job scopes', async () => {
    scene = await startScene({ other: { token: TOKEN } });
    scene.other.tokens.splice(0, 1, { token: TOKEN, projects: ['Elsewhere'] });
    const connection = {
      id: 'c0a8f0d2-3e5b-4b1e-9d77-7a1f4b2c9e10',
      name: 'northwind',
      url: scene.other.url,
      scheme: 'Token',
      parameters: { apitoken: TOKEN },
    };
    const { message = '' } = await scene.run({ reposConnection: connection.id }, [connection]);
    assert.match(
      message,
      /VS800075.*The project does not exist, or the service connection of reposConnection .* may not see it/,
    );
    assert.doesNotMatch(message, /job authorization scope|Build Service/);
  });
});

describe('what can be done about a refusal', () => {
  const url = 'https://dev.azure.com/Contoso/';
  const credentials = { authorization: () => Promise.resolve('') };
  const job = { url, credentials, credentialName: "the job's own token", jobOf: { project: 'Fabrikam' } };
  const connection = { url, credentials, credentialName: 'the service connection of reposConnection' };

  const cures: [said: string, account: typeof job | typeof connection, cure: RegExp][] = [
    [
      'TF401019: The Git repository with name or identifier images does not exist.',
      job,
      /'resources: repositories' with 'uses:'.*Contoso\/Images\/_settings\/settings.*grant 'Fabrikam Build Service \(Contoso\)'.*'Read' \(https:\/\/dev\.azure\.com\/Contoso\/Images\/_settings\/repositories/,
    ],
    [
      'TF401019: The Git repository with name or identifier images does not exist.',
      connection,
      /^It does not exist, or the service connection of reposConnection may not read it: grant 'Read'/,
    ],
    [
      "TF400813: The user '' is not authorized to access this resource.",
      connection,
      /^Check the service connection of reposConnection.*Build \(read and execute\)/,
    ],
    ['VS402904: Access denied: User X does not have create releases permission.', job, /Contoso\/Images\/_release\)/],
    [
      'TF401444: Please sign-in at least once.',
      connection,
      /Basic \(https:\/\/dev\.azure\.com\/Contoso\/_settings\/users\)/,
    ],
    ['VS402982: A retention policy is not set.', job, /release definition itself is invalid/],
    ['VS403463: The conditional access policy has failed.', job, /ask the administrator/],
    ['TF400733: The request has been canceled.', job, /fewer runs at a time/],
  ];
  for (const [said, account, cure] of cures)
    it(`is told for ${said.slice(0, 8)} with ${account.credentialName}`, () =>
      assert.match(cureFor({ account, url: `${url}Images/_apis/x?y=1`, status: 404, reasons: [said] }) ?? '', cure));

  const statuses: [status: number, cure: RegExp | undefined][] = [
    [401, /^Check the job's own token: it is missing, expired, or lacks a scope\.$/],
    [403, /^Check what 'Fabrikam Build Service \(Contoso\)'/],
    [404, /^It does not exist, or 'Fabrikam Build Service .*Contoso\/Images\/_settings\/permissions/],
    [407, /password of the proxy/],
    [500, undefined],
  ];
  for (const [status, cure] of statuses)
    it(`is told for ${status} without a known sentence`, () => {
      const told = cureFor({ account: job, url: `${url}Images/_apis/x`, status, reasons: ['Something.'] });
      if (cure) assert.match(told ?? '', cure);
      else assert.equal(told, undefined);
    });
});
