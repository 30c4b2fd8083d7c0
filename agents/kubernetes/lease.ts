import type { CoordinationV1Api, V1Lease } from '@kubernetes/client-node';
import { V1MicroTime } from '@kubernetes/client-node';
import { statusOf } from './apiError';
import type { Lease } from './objects';
import { toClient } from './objects';

const durationMs = 15_000;
/** The holder stops acting this long after its last renewal, well before another one may begin. */
const renewDeadlineMs = 10_000;

/**
 * Elects the one instance that acts, by a Lease as the cluster's own controllers use it: whoever wrote it last holds it until it was left
 * alone for its duration. Nobody's clock is compared with another's: each measures how long the Lease has not changed.
 */
export class Election {
  private seen = { version: '', at: 0 };
  private renewedAt = -Infinity;

  constructor(
    private readonly api: CoordinationV1Api,
    private readonly lease: { namespace: string; name: string; identity: string },
  ) {}

  /** One round; call it every few seconds. True while this instance holds the Lease. `now` is of a clock that never jumps, in ms. */
  async round(now: number): Promise<boolean> {
    try {
      await this.acquire(now);
    } catch (error) {
      // Another one was quicker, in creating it or in writing it.
      if (statusOf(error) !== 409) throw error;
    }
    return this.holds(now);
  }

  /** True while it is sure that no other instance acts. */
  holds(now: number): boolean {
    return now < this.renewedAt + renewDeadlineMs;
  }

  /** Lets the next instance begin at once. */
  async release(): Promise<void> {
    this.renewedAt = -Infinity;
    const { namespace, name, identity } = this.lease;
    const found = await this.read();
    if (found?.spec?.holderIdentity !== identity) return;
    await this.api.replaceNamespacedLease({
      namespace,
      name,
      body: toClient<V1Lease>({ ...found, spec: { ...found.spec, holderIdentity: '', leaseDurationSeconds: 1 } }),
    });
  }

  private async acquire(now: number): Promise<void> {
    const { namespace, name, identity } = this.lease;
    const found = await this.read();
    if (found === undefined) {
      const spec = this.held(0);
      await this.api.createNamespacedLease({
        namespace,
        body: toClient<V1Lease>({ metadata: { name, namespace }, spec }),
      });
    } else {
      const holder = found.spec?.holderIdentity ?? '';
      const version = found.metadata?.resourceVersion ?? '';
      if (this.seen.version !== version) this.seen = { version, at: now };
      if (holder !== '' && holder !== identity && now - this.seen.at <= durationMs) {
        this.renewedAt = -Infinity;
        return;
      }
      const changes = (found.spec?.leaseTransitions ?? 0) + (holder === identity ? 0 : 1);
      const acquired = holder === identity && found.spec?.acquireTime ? { acquireTime: found.spec.acquireTime } : {};
      // The resourceVersion goes along, so that of two who write at once one gets a 409.
      await this.api.replaceNamespacedLease({
        namespace,
        name,
        body: toClient<V1Lease>({ ...found, spec: { ...this.held(changes), ...acquired } }),
      });
    }
    this.renewedAt = now;
  }

  private held(leaseTransitions: number): NonNullable<Lease['spec']> {
    const time = new V1MicroTime();
    return {
      holderIdentity: this.lease.identity,
      leaseDurationSeconds: durationMs / 1000,
      acquireTime: time,
      renewTime: time,
      leaseTransitions,
    };
  }

  private async read(): Promise<Lease | undefined> {
    try {
      return await this.api.readNamespacedLease({ namespace: this.lease.namespace, name: this.lease.name });
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }
}
