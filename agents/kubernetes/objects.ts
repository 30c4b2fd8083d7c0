import type * as client from '@kubernetes/client-node';

/** An object as it is on the wire. The client declares each as a class, but takes and gives plain objects. */
type Wire<T> = T extends Date
  ? T
  : T extends (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [Key in keyof T]: Wire<T[Key]> }
      : T;

export type Meta = Wire<client.V1ObjectMeta>;
export type Job = Wire<client.V1Job>;
export type JobSpec = Wire<client.V1JobSpec>;
export type Pod = Wire<client.V1Pod>;
export type PodSpec = Wire<client.V1PodSpec>;
export type Container = Wire<client.V1Container>;
export type ContainerState = Wire<client.V1ContainerState>;
export type ContainerStatus = Wire<client.V1ContainerStatus>;
export type EnvVar = Wire<client.V1EnvVar>;
export type Secret = Wire<client.V1Secret>;
export type Lease = Wire<client.V1Lease>;
export type CoreEvent = Wire<client.CoreV1Event>;

/** A plain object where the client's declarations ask for its class. */
export function toClient<T>(object: Wire<T>): T {
  return object as T;
}
