import type { ContainerStatus, Job, Meta, Pod } from './objects';

/** What is kept of a Job that is followed: a thousand of them whole, with who set which field when, are tens of megabytes. */
export function keptOfJob({ metadata, spec, status }: Job): Job {
  const pod = spec?.template.spec;
  return {
    metadata: { ...keptOfMeta(metadata), ...(metadata?.annotations && { annotations: metadata.annotations }) },
    ...(pod && {
      spec: {
        template: {
          spec: {
            containers: pod.containers.map(({ name }) => ({ name })),
            volumes: (pod.volumes ?? []).filter(({ persistentVolumeClaim }) => persistentVolumeClaim),
          },
        },
      },
    }),
    ...(status && { status }),
  };
}

/** What is kept of a pod: whose it is, and how its containers do. */
export function keptOfPod({ metadata, status }: Pod): Pod {
  const { phase, reason, message, conditions, initContainerStatuses, containerStatuses } = status ?? {};
  return {
    metadata: keptOfMeta(metadata),
    status: {
      ...(phase && { phase }),
      ...(reason && { reason }),
      ...(message && { message }),
      ...(conditions && { conditions: conditions.filter(({ type }) => type === 'PodScheduled') }),
      ...(initContainerStatuses && { initContainerStatuses: initContainerStatuses.map(keptOfContainer) }),
      ...(containerStatuses && { containerStatuses: containerStatuses.map(keptOfContainer) }),
    },
  };
}

function keptOfContainer({ name, image, imageID, ready, restartCount, state }: ContainerStatus): ContainerStatus {
  return { name, image, imageID, ready, restartCount, ...(state && { state }) };
}

function keptOfMeta(meta: Meta | undefined): Meta {
  const { name, namespace, uid, resourceVersion, labels, creationTimestamp, deletionTimestamp } = meta ?? {};
  return {
    ...(name && { name }),
    ...(namespace && { namespace }),
    ...(uid && { uid }),
    ...(resourceVersion && { resourceVersion }),
    ...(labels && { labels }),
    ...(creationTimestamp && { creationTimestamp }),
    ...(deletionTimestamp && { deletionTimestamp }),
  };
}
