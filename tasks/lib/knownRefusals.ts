/** Sentences of the service that need a cure beside them (codes from the service's own texts; see DEVELOPING.md for sources). */
const CURES: [code: RegExp, cure: string][] = [
  [
    /TF401019/,
    "The repository does not exist, or the job's token may not read it: name it under 'resources: repositories' or 'uses:', or switch off 'Limit job authorization scope to referenced Azure DevOps repositories'.",
  ],
  [
    /TF400813/,
    'The token is missing, expired or lacks a scope: it needs Build (read and execute), and Release (read, write and execute) for releases.',
  ],
  [
    /TF215106/,
    "Grant this identity 'Queue builds' (and 'Stop builds' to cancel, 'Edit queue build configuration' for variables and demands) under the pipeline's … > Manage security.",
  ],
  [/VS402904/, "Grant this identity the permission that the service names under the release pipeline's … > Security."],
  [
    /VS402877|VS402982/,
    'The release definition itself is invalid: open it in the editor, mend what the service names and save it.',
  ],
  [
    /VS800075/,
    "The project does not exist, or this identity may not see it: check the name, and the project setting 'Limit job authorization scope to current project'.",
  ],
  [
    /VS403463/,
    'A conditional access policy of the organization stops this identity: ask the administrator to allow it from the network of this agent.',
  ],
  [
    /TF401444/,
    'The identity is not yet a user of the organization: add it under Organization settings > Users (Basic), then sign in once.',
  ],
  [/TF400733/, 'The organization was asked for too much at once: wait, and start fewer runs at a time (maxParallel).'],
  [
    /AADSTS7000222/,
    "The secret of the service connection's application has expired: renew it in the connection's settings.",
  ],
  [
    /AADSTS70052|AADSTS70021|AADSTS700213/,
    'The federated credential does not fit: its issuer and subject must be those that the service connection shows.',
  ],
];

/** What a person can do about these sentences, or undefined. */
export function cureFor(reasons: string[]): string | undefined {
  const text = reasons.join(' ');
  return CURES.find(([code]) => code.test(text))?.[1];
}
