import type { RegisteredChild } from '../register';
import type { Child } from './child';

/** A child as the register keeps it. */
export function registered(child: Child): RegisteredChild {
  const { organization, project, id, name, number, url, item, attempt, result = '' } = child;
  return { organization, project, kind: 'run', id, name, number, url, item, attempt, result };
}
