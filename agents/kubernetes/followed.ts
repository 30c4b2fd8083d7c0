import type {
  Informer,
  KubeConfig,
  KubernetesListObject,
  KubernetesObject,
  ObjectCache,
} from '@kubernetes/client-node';
import { makeInformer } from '@kubernetes/client-node';

const retryMs = 1000;
/** A state that was not followed for so long is too old to plan with. */
const tooOldMs = 30_000;
/** The server ends each watch after this, so that a connection that died unseen does not stay for ever. */
const watchSeconds = 240;

/** The objects of one kind that carry our labels, followed by list and watch. */
export class Followed<T extends KubernetesObject> {
  private readonly informer: Informer<T> & ObjectCache<T>;
  /** Made by this process and not seen in the watch yet, with the time of their making. */
  private readonly made = new Map<string, { object: T; at: number }>();
  private brokenSince: number | undefined;
  private failures = 0;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    kubeConfig: KubeConfig,
    what: { path: string; selector: string; list: () => Promise<KubernetesListObject<T>> },
    private readonly now: () => number,
  ) {
    this.informer = makeInformer(kubeConfig, `${what.path}?timeoutSeconds=${watchSeconds}`, what.list, what.selector);
    this.informer.on('error', () => {
      this.failures += 1;
      this.brokenSince ??= this.now();
      this.restart();
    });
    for (const verb of ['add', 'update', 'delete'] as const) {
      this.informer.on(verb, (object: T) => {
        if (this.made.get(nameOf(object))?.object.metadata?.uid === object.metadata?.uid)
          this.made.delete(nameOf(object));
      });
    }
  }

  /** Resolves when the first list is there; throws when it cannot be had, for that is a lack of rights or a wrong address. */
  async start(list: () => Promise<unknown>): Promise<void> {
    await list();
    await this.connect();
  }

  /** All objects. Throws when they have not been followed for too long. */
  all(): T[] {
    if (this.brokenSince !== undefined && this.now() - this.brokenSince > tooOldMs) {
      throw new Error('the API server has not answered for a while, so the state of the Jobs is not known');
    }
    const objects = new Map(this.informer.list().map((object) => [nameOf(object), object]));
    for (const [name, { object, at }] of this.made) {
      // Made and deleted while a watch was broken: no event is to come.
      if (this.now() - at > tooOldMs) this.made.delete(name);
      else objects.set(name, object);
    }
    return [...objects.values()];
  }

  get(name: string): T | undefined {
    return this.all().find((object) => nameOf(object) === name);
  }

  /** Remembers what this process has just made or changed until the watch has caught up. */
  add(object: T): void {
    const seen = this.informer.list().find((one) => nameOf(one) === nameOf(object));
    if (seen?.metadata?.resourceVersion === object.metadata?.resourceVersion) return;
    this.made.set(nameOf(object), { object, at: this.now() });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.informer.stop();
  }

  /** The informer tells of a failure by its event alone, and calls a mere attempt a connection. */
  private async connect(): Promise<void> {
    const before = this.failures;
    await this.informer.start();
    if (this.failures === before) this.brokenSince = undefined;
  }

  private restart(): void {
    clearTimeout(this.timer);
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.connect().catch(() => this.restart()), retryMs);
  }
}

function nameOf(object: KubernetesObject): string {
  return object.metadata?.name ?? '';
}
