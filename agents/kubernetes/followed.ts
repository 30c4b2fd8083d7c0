import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject, Watch } from '@kubernetes/client-node';

const retryMs = 1000;
/** A state that was not followed for so long is too old to plan with. */
const tooOldMs = 30_000;
/** The server ends each watch after this. */
const watchSeconds = 60;
/** One that it has not ended by then is dead, though its connection may not know. */
const longestWatchMs = 75_000;
/** A list of thousands in one answer would be what the most memory goes into. */
const pageSize = 100;

export interface Page {
  limit: number;
  _continue?: string;
}

interface ListOf<T> {
  items: T[];
  metadata?: { resourceVersion?: string; _continue?: string };
}

/** The objects of one kind that carry our labels, followed by list and watch; `keep` leaves of each what is needed. */
export class Followed<T extends KubernetesObject> {
  private objects = new Map<string, T>();
  /** Made by this process and not seen in the watch yet, with the time of their making. */
  private readonly made = new Map<string, { object: T; at: number }>();
  private version = '';
  private brokenSince: number | undefined;
  private readonly ending = new AbortController();

  constructor(
    private readonly watch: Pick<Watch, 'watch'>,
    private readonly what: {
      path: string;
      selector: string;
      list: (page: Page) => Promise<ListOf<T>>;
      keep: (object: T) => T;
    },
    private readonly now: () => number,
  ) {}

  /** Resolves when the first list is there; throws when it cannot be had, for that is a lack of rights or a wrong address. */
  async start(): Promise<void> {
    await this.list();
    void this.follow();
  }

  /** All objects. Throws when they have not been followed for too long. */
  all(): T[] {
    this.assertFollowed();
    const objects = new Map(this.objects);
    for (const [name, { object, at }] of this.made) {
      // Made and deleted while a watch was broken: no event is to come.
      if (this.now() - at > tooOldMs) this.made.delete(name);
      else objects.set(name, object);
    }
    return [...objects.values()];
  }

  get(name: string): T | undefined {
    this.assertFollowed();
    return this.made.get(name)?.object ?? this.objects.get(name);
  }

  /** Remembers what this process has just made or changed until the watch has caught up. */
  add(object: T): void {
    const seen = this.objects.get(nameOf(object))?.metadata;
    const made = object.metadata;
    if (seen?.uid === made?.uid && Number(seen?.resourceVersion) >= Number(made?.resourceVersion)) return;
    this.made.set(nameOf(object), { object: this.what.keep(object), at: this.now() });
  }

  stop(): void {
    this.ending.abort();
  }

  private assertFollowed(): void {
    if (this.brokenSince !== undefined && this.now() - this.brokenSince > tooOldMs) {
      throw new Error('the API server has not answered for a while, so the state of the Jobs is not known');
    }
  }

  private async follow(): Promise<void> {
    const { signal } = this.ending;
    while (!this.isEnding()) {
      try {
        if (this.version === '') await this.list();
        await this.watchOnce();
      } catch {
        this.brokenSince ??= this.now();
      }
      await sleep(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private isEnding(): boolean {
    return this.ending.signal.aborted;
  }

  private async list(): Promise<void> {
    const objects = new Map<string, T>();
    let page: Page | undefined = { limit: pageSize };
    let version = '';
    while (page) {
      const { items, metadata }: ListOf<T> = await this.what.list(page);
      for (const object of items) objects.set(nameOf(object), this.what.keep(object));
      version = metadata?.resourceVersion ?? '';
      page = metadata?._continue ? { limit: pageSize, _continue: metadata._continue } : undefined;
    }
    this.objects = objects;
    this.version = version;
  }

  /** Resolves when the server has ended the watch, or the state is to be listed anew; rejects when it cannot be had or is dead. */
  private watchOnce(): Promise<void> {
    const { path, selector } = this.what;
    const query = {
      labelSelector: selector,
      resourceVersion: this.version,
      timeoutSeconds: watchSeconds,
      allowWatchBookmarks: true,
    };
    return new Promise<void>((resolve, reject) => {
      let isOver = false;
      const end = (error?: unknown): void => {
        isOver = true;
        clearTimeout(limit);
        this.ending.signal.removeEventListener('abort', stop);
        void connecting.then((request) => request?.abort());
        if (statusOf(error) === 410) this.version = '';
        if (error) reject(error instanceof Error ? error : new Error(JSON.stringify(error)));
        else resolve();
      };
      const stop = (): void => end();
      const limit = setTimeout(() => end(new Error('the watch is dead')), longestWatchMs);
      this.ending.signal.addEventListener('abort', stop);
      const take = (phase: string, object: T): void => {
        if (!isOver && !this.take(phase, object)) end();
      };
      const connecting = this.watch.watch(path, query, take, end).catch((error: unknown) => {
        end(error);
        return undefined;
      });
      void connecting.then(() => {
        if (!isOver) this.brokenSince = undefined;
      });
    });
  }

  /** False when what is known has to be listed anew. */
  private take(phase: string, object: T): boolean {
    const name = nameOf(object);
    switch (phase) {
      case 'ERROR':
        // The version that was followed is no longer known, or the server itself has lost its way.
        this.version = '';
        return false;
      case 'DELETED':
        this.objects.delete(name);
        break;
      case 'ADDED':
      case 'MODIFIED':
        this.objects.set(name, this.what.keep(object));
        break;
      default:
      // A bookmark: the version alone.
    }
    if (this.made.get(name)?.object.metadata?.uid === object.metadata?.uid) this.made.delete(name);
    this.version = object.metadata?.resourceVersion ?? '';
    return true;
  }
}

function nameOf(object: KubernetesObject): string {
  return object.metadata?.name ?? '';
}

function statusOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
}
