import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { IndexRequest, Validators } from './indexVersion';

/** What is kept of an answer: how to ask whether it still holds, and where its body lies; `missing` has none. */
export interface KeptAnswer extends Validators {
  kind: 'found' | 'missing';
  /** The body is packed by the server, as `Content-Encoding` says. */
  packed: boolean;
  /** SHA-256 of the body as it came. */
  sha256: string;
}

const LARGEST = 1024 * 1024 * 1024;
const KEPT_MS = 30 * 86_400_000;

/**
 * Answers of package indexes in a folder of the agent, so that the next run only asks whether they still hold. Several agents may share
 * the folder: a file is put there whole or not at all, and what cannot be read is as if it were not there.
 */
export class IndexCache {
  private isPruned = false;

  /** @param now epoch milliseconds. */
  constructor(
    private readonly folder: string,
    private readonly now: () => number,
  ) {}

  /** What was kept of a request's answer; of one whose body is gone or damaged nothing. */
  get(request: IndexRequest): KeptAnswer | undefined {
    try {
      const kept = JSON.parse(fs.readFileSync(this.aboutFile(request), 'utf8')) as Partial<KeptAnswer> & {
        url?: string;
      };
      if (kept.url !== request.url || (kept.kind !== 'found' && kept.kind !== 'missing')) return undefined;
      const answer = kept as KeptAnswer;
      if (kept.kind === 'found') this.bytes(answer);
      return answer;
    } catch {
      return undefined;
    }
  }

  /** The body of an answer that was found. Throws where it is not there any more or damaged. */
  body(kept: KeptAnswer): Buffer {
    const bytes = this.bytes(kept);
    return kept.packed ? gunzipSync(bytes, { maxOutputLength: LARGEST }) : bytes;
  }

  private bytes({ sha256 }: KeptAnswer): Buffer {
    const file = this.bodyFile(sha256);
    const bytes = fs.readFileSync(file);
    if (hashOf(bytes) !== sha256) throw new Error(`${file} is damaged.`);
    return bytes;
  }

  /** A file of its own for an answer that is under way. */
  newFile(): string {
    fs.mkdirSync(this.folder, { recursive: true });
    this.prune();
    return path.join(this.folder, `${randomUUID()}.new`);
  }

  /** Keeps an answer; its body, if any, is taken from `file`. */
  put(request: IndexRequest, about: Omit<KeptAnswer, 'sha256'>, file: string): KeptAnswer {
    const sha256 = about.kind === 'found' ? hashOf(fs.readFileSync(file)) : '';
    const kept: KeptAnswer = { ...about, sha256 };
    if (about.kind === 'found') fs.renameSync(file, this.bodyFile(sha256));
    const fresh = this.newFile();
    fs.writeFileSync(fresh, JSON.stringify({ ...kept, url: request.url }));
    fs.renameSync(fresh, this.aboutFile(request));
    return kept;
  }

  /** Says that an answer was of use, so that it is kept on. */
  touch(request: IndexRequest, { kind, sha256 }: KeptAnswer): void {
    const now = this.now() / 1000;
    for (const file of [this.aboutFile(request), ...(kind === 'found' ? [this.bodyFile(sha256)] : [])]) {
      try {
        fs.utimesSync(file, now, now);
      } catch {
        // Another agent may have taken it away; then it is asked for anew.
      }
    }
  }

  private aboutFile({ url, headers }: IndexRequest): string {
    return path.join(this.folder, `${hashOf(`${url}\n${headers.Accept ?? ''}`)}.json`);
  }

  private bodyFile(sha256: string): string {
    return path.join(this.folder, `${/^[0-9a-f]{64}$/.test(sha256) ? sha256 : 'none'}.body`);
  }

  /** Takes away what nobody asked for in a month. */
  private prune(): void {
    if (this.isPruned) return;
    this.isPruned = true;
    for (const name of fs.readdirSync(this.folder)) {
      const file = path.join(this.folder, name);
      try {
        if (this.now() - fs.statSync(file).mtimeMs > KEPT_MS) fs.rmSync(file);
      } catch {
        // It went meanwhile.
      }
    }
  }
}

function hashOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
