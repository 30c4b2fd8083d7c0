import type { Command } from './instructions';
import { formatPlatform, type Platform } from './platform';
import { atLine } from './refusal';
import { expandWord, type Environment } from './shellLex';

export interface BuildPlatforms {
  target: Platform;
  build: Platform;
}

/** The arguments that a FROM may use although no ARG declares them. (dockerfile2llb/platform.go, defaultArgs) */
export function builtInArguments(platforms: BuildPlatforms, targetStage: string): Map<string, string> {
  const { target, build } = platforms;
  return new Map([
    ['BUILDPLATFORM', formatPlatform({ ...build, osVersion: '', osFeatures: [] })],
    ['BUILDOS', build.os],
    ['BUILDOSVERSION', build.osVersion],
    ['BUILDARCH', build.architecture],
    ['BUILDVARIANT', build.variant],
    ['TARGETPLATFORM', formatPlatform(target)],
    ['TARGETOS', target.os],
    ['TARGETOSVERSION', target.osVersion],
    ['TARGETARCH', target.architecture],
    ['TARGETVARIANT', target.variant],
    ['TARGETSTAGE', targetStage || 'default'],
  ]);
}

/**
 * The arguments that FROM lines see: the built-in ones, then each ARG before the first FROM, its default expanded with
 * those before it. A build argument overrides what is declared. Throws a Refusal. (dockerfile2llb, buildMetaArgs)
 */
export function globalArguments(
  declared: readonly { command: Command; line: number }[],
  builtIn: ReadonlyMap<string, string>,
  buildArguments: Environment,
  escape: string,
): Map<string, string> {
  const values = new Map([...builtIn].map(([name, value]) => [name, buildArguments.get(name) ?? value]));
  for (const { command, line } of declared) {
    if (command.kind !== 'arg') continue;
    for (const { name, value } of command.args) {
      const given = buildArguments.get(name);
      const result = given ?? (value && atLine(line, false, () => expandWord(value, values, { escape }).text)) ?? value;
      if (result !== undefined) values.set(name, result);
    }
  }
  return values;
}
