import { hasKubernetes } from './kubeCluster';

/** A suite that needs the API server. Without it one pending test says so, which every summary counts as not run. */
export function onKubernetes(title: string, suite: (this: Mocha.Suite) => void): void {
  if (hasKubernetes()) {
    describe(title, suite);
    return;
  }
  console.error(`NOT RUN: ${title}: it needs a Kubernetes API server; \`npm run verify -- agents\` builds one.`);
  describe(title, () => {
    it('NOT RUN: `npm run verify -- agents` builds the Kubernetes API server that it needs');
  });
}
