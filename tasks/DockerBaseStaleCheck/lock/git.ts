import { spawn } from 'node:child_process';
import os from 'node:os';
import { UserError } from '../../lib/errors';

/** What a git command said, and how it ended. */
export interface GitAnswer {
  code: number;
  stdout: Buffer;
  stderr: string;
}

export interface GitCall {
  input?: string;
  environment?: Record<string, string>;
}

/** Settings and environment for every command: nothing of it is an argument, and nothing stays in a configuration. */
export interface GitSettings {
  folder: string;
  /** The environment of the process, of which git's own variables are left out. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Configuration for these calls alone; the later one of a name counts. */
  config: readonly (readonly [name: string, value: string])[];
  /** The longest that a command may take; two minutes unless given. */
  longestMs?: number;
}

const LONGEST_MS = 120_000;
const LARGEST = 256 * 1024 * 1024;
/** Of git's variables only those that say how to reach a server hold for us; others would lead to another repository. */
const KEPT = /^GIT_(?:SSH(?:_COMMAND|_VARIANT)?|SSL_\w+|EXEC_PATH|PROXY_SSL_\w+)$/;

/**
 * git itself, without a shell. Configuration goes by the environment (GIT_CONFIG_COUNT, git 2.31), as a token in it must not be seen
 * in the list of processes. https://git-scm.com/docs/git-config#ENVIRONMENT
 */
export class Git {
  constructor(private readonly settings: GitSettings) {}

  /** The same git with other settings laid over. */
  with(config: GitSettings['config'], folder = this.settings.folder): Git {
    return new Git({ ...this.settings, folder, config: [...this.settings.config, ...config] });
  }

  /** Runs a command to its end. Throws `UserError` only where there is no git. */
  run(args: readonly string[], { input, environment = {} }: GitCall = {}): Promise<GitAnswer> {
    return new Promise((resolve, reject) => {
      const child = spawn('git', args, {
        cwd: this.settings.folder,
        env: { ...this.environment(), ...environment },
        stdio: ['pipe', 'pipe', 'pipe'],
        timeout: this.settings.longestMs ?? LONGEST_MS,
        windowsHide: true,
        // In a session of its own ssh finds no terminal at which it could ask.
        detached: os.platform() !== 'win32',
      });
      child.on('exit', (_, signal) => {
        // What a command started outlives it when it is ended, and keeps its outputs open.
        if (signal === null) return;
        stderr += '\ngit was ended, because it took too long (timed out) or said too much';
        child.stdout.destroy();
        child.stderr.destroy();
      });
      const stdout: Buffer[] = [];
      let size = 0;
      let stderr = '';
      child.stdout.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > LARGEST) child.kill();
        else stdout.push(chunk);
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.on('error', (cause) => {
        reject(new UserError(`updateLock: git cannot be run on this agent: ${cause.message}`, { cause }));
      });
      child.on('close', (code) => resolve({ code: code ?? -1, stdout: Buffer.concat(stdout), stderr: stderr.trim() }));
      // A command that ends without reading must not end us.
      child.stdin.on('error', () => undefined);
      child.stdin.end(input ?? '');
    });
  }

  /** The output of a command that has to succeed, without the line end. Throws an error with what it said. */
  async text(args: readonly string[], call: GitCall = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, call);
    if (code === 0) return stdout.toString('utf8').trim();
    throw new GitError(`git ${args[0] ?? ''} failed (${code}): ${lastLines(stderr)}`);
  }

  private environment(): NodeJS.ProcessEnv {
    const { environment, config } = this.settings;
    const others = Object.entries(environment).filter(([name]) => !name.startsWith('GIT_') || KEPT.test(name));
    const pairs = config.flatMap(([name, value], at): [string, string][] => [
      [`GIT_CONFIG_KEY_${at}`, name],
      [`GIT_CONFIG_VALUE_${at}`, value],
    ]);
    return {
      ...Object.fromEntries(others),
      ...Object.fromEntries(pairs),
      GIT_CONFIG_COUNT: String(config.length),
      // What would ask a person fails; what it says is in one language.
      ...{ GIT_TERMINAL_PROMPT: '0', GCM_INTERACTIVE: 'never', GIT_ASKPASS: '', SSH_ASKPASS: '', LC_ALL: 'C' },
    };
  }
}

/** git said no. */
export class GitError extends Error {
  override readonly name = 'GitError';
}

/** What git said last, in one line. */
export function lastLines(stderr: string): string {
  return stderr.split('\n').filter(Boolean).slice(-3).join(' ').slice(0, 600) || 'it said nothing';
}
