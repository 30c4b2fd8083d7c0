import type { CheckedDockerfile, CheckedReference } from './checked';
import type { CheckedPackage } from './packages/judgePackage';
import type { RequestCounts } from './registry/hostState';

/** All that the step found out. */
export interface CheckOutcome {
  dockerfiles: CheckedDockerfile[];
  /** Files that match the patterns and have no FROM. */
  notDockerfiles: string[];
  requests: Record<string, RequestCounts>;
}

/** The full report; its schema is part of the contract. Pure. */
export function reportOf({ dockerfiles, notDockerfiles, requests }: CheckOutcome): Record<string, unknown> {
  return {
    version: 1,
    dockerfiles: dockerfiles.map(dockerfileEntry),
    ...(notDockerfiles.length > 0 && { notDockerfiles }),
    requests,
  };
}

/** A Dockerfile as the report and the register of the step hold it. Pure. */
export function dockerfileEntry(one: CheckedDockerfile): Record<string, unknown> {
  return {
    path: one.path,
    folder: one.folder,
    target: one.target,
    verdict: one.verdict,
    reason: one.reason,
    ...(one.error !== undefined && { error: one.error }),
    references: one.references.map(referenceEntry),
    packages: (one.packages?.rows ?? []).map(packageEntry),
    ...(one.packages?.unreadable.length && { unreadable: one.packages.unreadable }),
  };
}

function referenceEntry({ role, line, written, image, platform, reachable, judgement }: CheckedReference): unknown {
  return {
    role,
    line,
    written,
    ...(image !== undefined && { image }),
    ...(platform !== undefined && { platform }),
    reachable,
    ...(judgement && { verdict: judgement.verdict, reason: judgement.reason }),
    ...(judgement?.digest !== undefined && { digest: judgement.digest }),
    ...(judgement?.updated !== undefined && { updated: judgement.updated }),
  };
}

function packageEntry({ failed: _, line, ...row }: CheckedPackage): unknown {
  // What only the list of the build names stands on no line.
  return { ...row, ...(line > 0 && { line }) };
}

/** The stale images as a list that fits `runs` of TriggerPipeline. Pure. */
export function staleList(
  dockerfiles: readonly CheckedDockerfile[],
  given: (one: CheckedDockerfile) => {
    parameters: Record<string, string>;
    variables: Record<string, { value: string; isSecret: boolean }>;
  },
): Record<string, unknown>[] {
  return dockerfiles.map((one) => {
    const { parameters, variables } = given(one);
    const open = Object.entries(variables).filter(([, { isSecret }]) => !isSecret);
    return {
      name: one.path,
      ...(Object.keys(parameters).length > 0 && { parameters }),
      ...(open.length > 0 && { variables: Object.fromEntries(open.map(([name, { value }]) => [name, value])) }),
    };
  });
}

/** The stale images as a map for `strategy: matrix`: name → variables of its job. Pure. */
export function matrixOf(dockerfiles: readonly CheckedDockerfile[]): Record<string, Record<string, string>> {
  return Object.fromEntries(
    dockerfiles.map(({ name, values: { folder = '', dockerfile = '', image = '', base = '' }, reason }) => [
      name,
      { folder, dockerfile, image, base, reason },
    ]),
  );
}
