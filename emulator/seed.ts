import type { EmulatorState } from './state/EmulatorState';

const multiStage = `parameters:
  - name: image
    type: string
    default: r-base
    values: [r-base, r-shiny, python-base]
  - name: environment
    type: string
    default: dev
    values: [dev, test, prod]
  - name: scan
    type: boolean
    default: true

resources:
  pipelines:
    - pipeline: base
      source: base-images

stages:
  - stage: Build
    jobs:
      - job: build
        steps:
          - checkout: self
          - script: docker build --tag \${{ parameters.image }} .
            displayName: Build the image
          - task: PublishPipelineArtifact@1
            displayName: Publish outputs
  - stage: Scan
    dependsOn: Build
    condition: and(succeeded(), eq('\${{ parameters.scan }}', 'true'))
    jobs:
      - job: scan
        steps:
          - script: ./scan.sh
            displayName: Scan
  - stage: Push
    dependsOn: [Build, Scan]
    condition: and(not(failed()), not(canceled()))
    jobs:
      - job: push
        steps:
          - script: docker push \${{ parameters.image }}
            displayName: Push to \${{ parameters.environment }}
`;

const deployment = `stages:
  - stage: Test
    jobs:
      - job: test
        steps:
          - script: npm test
            displayName: Run the tests
  - stage: Production
    dependsOn: Test
    jobs:
      - deployment: deploy
        environment: production
        strategy:
          runOnce:
            deploy:
              steps:
                - script: ./deploy.sh
                  displayName: Deploy
`;

const steps = `steps:
  - checkout: self
  - script: ./run.sh
    displayName: Run
`;

/** A project with believable pipelines: with stages and parameters, slow, failing at first, with an approval, classic. */
export function seed(state: EmulatorState): void {
  state.addProject('Fabrikam', { description: 'Images and services of Fabrikam' });
  state.addPool('Linux', [{ name: 'linux-1', capabilities: { docker: 'true' } }, { name: 'linux-2' }]);
  state.addPipeline({
    name: 'rebuild',
    folder: 'images',
    yaml: multiStage,
    variables: { registry: { value: 'registry.example', allowOverride: true }, pushKey: { isSecret: true } },
    script: {
      durationMs: 2000,
      stages: { Scan: { issues: [{ type: 'warning', message: '2 findings of low severity' }] } },
      artifacts: [{ name: 'outputs', job: 'build', files: { 'outputs.json': '{"digest":"sha256:4a7f"}' } }],
    },
  });
  state.addPipeline({ name: 'base-images', folder: 'images', yaml: steps, script: { durationMs: 1500 } });
  state.addPipeline({
    name: 'nightly-scan',
    yaml: steps,
    queue: 'Linux',
    script: { durationMs: 90_000, waitsForAgentMs: 5000 },
  });
  state.addPipeline({
    name: 'integration-tests',
    folder: 'services\\api',
    yaml: steps,
    script: ({ attempt }) =>
      attempt > 1
        ? { durationMs: 3000 }
        : {
            durationMs: 3000,
            result: 'failed',
            issues: [{ type: 'error', message: 'Expected status 200 but was 503' }],
          },
  });
  state.addPipeline({
    name: 'deploy',
    folder: 'services\\api',
    yaml: deployment,
    script: {
      stages: {
        Production: {
          checks: [
            { type: 'approval', approvers: [state.owner.displayName], instructions: 'Is the change announced?' },
          ],
        },
      },
    },
  });
  state.addPipeline({
    name: 'Legacy package',
    folder: 'legacy',
    kind: 'classic',
    variables: { configuration: { value: 'Release', allowOverride: true } },
    script: { durationMs: 4000 },
  });
  const [rebuild, base] = state.pipelines;
  if (!rebuild || !base) return;
  state.queue(base);
  state.releaseArea.addDefinition({
    name: 'Scan Pre Prod',
    folder: 'services',
    stages: [{ name: 'Dev' }, { name: 'Test' }, { name: 'Prod', preApprovers: [state.owner.displayName] }],
    artifacts: { _base: 'base-images' },
    variables: { ring: { value: '1', allowOverride: true } },
    script: { durationMs: 3000 },
  });
  state.addCommit(rebuild, 'release/2');
  rebuild.repository.tags['v1.0'] = rebuild.repository.branches.main ?? '';
}
