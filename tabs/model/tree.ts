import { bareState, hasEnded, outcomeOf, shownOutcome, type ChildState, type Outcome } from './childState';
import { keyOf, organizationName, type ChildRef, type StepDocument } from './documents';

/** A child with what it started itself. */
export interface TreeNode {
  key: string;
  /** Unlike the key, different for a child that is in the tree twice. */
  path: string;
  ref: ChildRef;
  step: string;
  /** It is in another organization, where the viewer's token does not reach. */
  isForeign: boolean;
  state: ChildState;
  children: TreeNode[];
}

/** A line of the tree as it is shown. Position and size of the set are for screen readers. */
export interface Row {
  node: TreeNode;
  level: number;
  position: number;
  setSize: number;
  expanded: boolean | undefined;
}

/**
 * The tree below a run or release.
 * @param documents what the steps of each parent attached, by the parent's key.
 * @param states what was read of each child since; what a step registered stands in for the rest.
 */
export function treeOf(
  root: string,
  documents: ReadonlyMap<string, StepDocument[]>,
  states: ReadonlyMap<string, ChildState>,
): TreeNode[] {
  return below(root, [root]);

  function below(parent: string, ancestors: string[]): TreeNode[] {
    const nodes = new Map<string, TreeNode>();
    for (const { step, children } of documents.get(parent) ?? []) {
      for (const ref of children) {
        const key = keyOf(ref);
        // A register that names its own ancestor must not send us in circles; of two steps with the same child the later one counts.
        if (ancestors.includes(key)) continue;
        nodes.set(key, {
          key,
          path: [...ancestors, key].join('>'),
          ref,
          step,
          isForeign: organizationName(ref.organization) !== root.split('/')[0],
          state: states.get(key) ?? registered(ref),
          children: below(key, [...ancestors, key]),
        });
      }
    }
    return [...nodes.values()];
  }
}

/** What a step said of its child, as long as nothing newer is known. */
export function registered(ref: ChildRef): ChildState {
  return bareState(outcomeOf(ref.result), ref);
}

/** The lines of the tree from top to bottom, without those below a collapsed one. */
export function rowsOf(nodes: TreeNode[], collapsed: ReadonlySet<string>, level = 1): Row[] {
  return nodes.flatMap((node, index) => {
    const expanded = node.children.length ? !collapsed.has(node.path) : undefined;
    const row: Row = { node, level, position: index + 1, setSize: nodes.length, expanded };
    return expanded ? [row, ...rowsOf(node.children, collapsed, level + 1)] : [row];
  });
}

/** Every child once, with how many ended in which way. */
export function countsOf(nodes: TreeNode[]): Partial<Record<Outcome, number>> {
  const seen = new Map<string, Outcome>();
  const visit = (node: TreeNode): void => {
    seen.set(node.key, shownOutcome(node.state));
    node.children.forEach(visit);
  };
  nodes.forEach(visit);
  const counts: Partial<Record<Outcome, number>> = {};
  for (const outcome of seen.values()) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** What a viewer may try with a child. */
export function actionsFor({ isForeign, state: { outcome } }: TreeNode): { rerun: boolean; cancel: boolean } {
  // Its id is that of something else in this organization.
  if (isForeign) return { rerun: false, cancel: false };
  return {
    rerun: outcome === 'failed' || outcome === 'canceled' || outcome === 'partiallySucceeded',
    cancel: !hasEnded(outcome) && outcome !== 'canceling',
  };
}
