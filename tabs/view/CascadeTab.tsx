import { MessageCard, MessageCardSeverity } from 'azure-devops-ui/MessageCard';
import * as React from 'react';
import { axisOf } from '../model/chart';
import { wordFor, type ChildState, type Outcome } from '../model/childState';
import type { StepDocument } from '../model/documents';
import { countsOf, rowsOf, treeOf, type TreeNode } from '../model/tree';
import type { ActionName } from '../reading/actions';
import { ChildDetails } from './ChildDetails';
import { DockerfileTable } from './DockerfileTable';
import { TreeGrid } from './TreeGrid';

export interface CascadeTabProps {
  rootKey: string;
  rootKind: 'run' | 'release';
  documents: ReadonlyMap<string, StepDocument[]>;
  states: ReadonlyMap<string, ChildState>;
  problems: string[];
  /** The registers were read: when there is nothing now, there is nothing. */
  complete: boolean;
  now: number;
  onSight: (keys: ReadonlySet<string>) => void;
  onAct: (action: ActionName, node: TreeNode) => Promise<void>;
}

/** The whole tab: how many are how far, the tree with its time chart, the chosen child, and the Dockerfiles of stale checks. */
export function CascadeTab(props: CascadeTabProps): React.JSX.Element {
  const { rootKey, rootKind, documents, states, problems, complete, now, onSight, onAct } = props;
  const [collapsed, setCollapsed] = React.useState<ReadonlySet<string>>(new Set());
  const [chosen, setChosen] = React.useState<string>();
  const tree = treeOf(rootKey, documents, states);
  const rows = rowsOf(tree, collapsed);
  const node = rows.find((row) => row.node.path === chosen)?.node;
  const checked = lastOfEachStep(documents.get(rootKey) ?? []).filter(({ dockerfiles }) => dockerfiles.length);
  const empty = !rows.length && !checked.length;

  function toggle(path: string): void {
    const next = new Set(collapsed);
    if (!next.delete(path)) next.add(path);
    setCollapsed(next);
  }

  return (
    <main className="cascade">
      <h1 className="cascade-heading">Cascade</h1>
      {problems.map((problem) => (
        <MessageCard key={problem} severity={MessageCardSeverity.Warning} className="cascade-message">
          {problem}
        </MessageCard>
      ))}
      <p role="status" className="cascade-summary">
        {rows.length ? summary(tree) : complete ? '' : 'Reading what was started…'}
      </p>
      {empty && complete && !problems.length && (
        <p>No step of this {rootKind} has started a run or a release so far, or checked a Dockerfile.</p>
      )}
      {rows.length > 0 && (
        <TreeGrid
          rows={rows}
          axis={axisOf(tree, now)}
          now={now}
          chosen={chosen}
          onToggle={toggle}
          onChoose={setChosen}
          onSight={onSight}
        />
      )}
      {node && <ChildDetails key={node.path} node={node} now={now} onAct={onAct} />}
      {checked.map(({ step, dockerfiles }) => (
        <DockerfileTable key={step} step={step} dockerfiles={dockerfiles} />
      ))}
    </main>
  );
}

/** A step that was tried again attached a document in each attempt; what it found last counts. */
function lastOfEachStep(documents: StepDocument[]): StepDocument[] {
  return [...new Map(documents.map((document) => [`${document.task} ${document.step}`, document])).values()];
}

const ORDER: Outcome[] = [
  ...(['failed', 'canceled', 'unknown', 'partiallySucceeded', 'running', 'canceling'] as const),
  ...(['waiting', 'skipped', 'succeeded'] as const),
];

function summary(tree: TreeNode[]): string {
  const counts = countsOf(tree);
  const parts = ORDER.flatMap((outcome) => (counts[outcome] ? `${counts[outcome]} ${wordFor(outcome)}` : []));
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return `${total} started: ${parts.join(', ')}.`;
}
