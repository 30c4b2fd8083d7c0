import { Button } from 'azure-devops-ui/Button';
import { MessageCard, MessageCardSeverity } from 'azure-devops-ui/MessageCard';
import * as React from 'react';
import { durationText } from '../model/chart';
import { reasonsOf, shownOutcome, wordFor } from '../model/childState';
import { safeUrl } from '../model/documents';
import { actionsFor, type TreeNode } from '../model/tree';
import type { ActionName } from '../reading/actions';
import { OutcomeIcon } from './OutcomeIcon';

interface ChildDetailsProps {
  node: TreeNode;
  now: number;
  onAct: (action: ActionName, node: TreeNode) => Promise<void>;
}

/** The chosen child: why it is as it is, its stages and attempts, and what the viewer may do with it. */
export function ChildDetails({ node, now, onAct }: ChildDetailsProps): React.JSX.Element {
  const [asked, setAsked] = React.useState<ActionName>();
  const [said, setSaid] = React.useState<{ bad: boolean; text: string }>();
  const { ref, state } = node;
  const { rerun, cancel } = actionsFor(node);
  const url = safeUrl(state.url) ?? safeUrl(ref.url);
  const outcome = shownOutcome(state);
  const reasons = reasonsOf(state);
  const title = `${state.name || ref.name} ${state.number || ref.number}`;

  async function perform(action: ActionName): Promise<void> {
    setAsked(action);
    setSaid(undefined);
    try {
      await onAct(action, node);
      setSaid({ bad: false, text: action === 'rerun' ? 'Its failed stages run again.' : 'It is being canceled.' });
    } catch (error) {
      setSaid({ bad: true, text: error instanceof Error ? error.message : String(error) });
    }
    setAsked(undefined);
  }

  return (
    <section aria-label={`Details of ${title}`} className="cascade-details" tabIndex={0}>
      <h2 className="cascade-title">
        <OutcomeIcon outcome={outcome} /> {title}
      </h2>
      <p className="cascade-quiet">
        {wordFor(outcome)}, {ref.kind} {ref.id} of project {ref.project}, started by step {node.step}
        {ref.item && `, item ${ref.item}`}
        {ref.attempt > 1 && `, attempt ${ref.attempt}`}
      </p>
      <Names title="Parameters" names={state.parameters} />
      <Names title="Variables" names={state.variables} />
      <div className="cascade-buttons">
        {url && (
          <Button text="Open" href={url} target="_blank" primary={true} ariaLabel={`Open ${title} in a new window`} />
        )}
        {rerun && (
          <Button text="Rerun failed stages" disabled={asked !== undefined} onClick={() => void perform('rerun')} />
        )}
        {cancel && <Button text="Cancel" disabled={asked !== undefined} onClick={() => void perform('cancel')} />}
      </div>
      <div aria-live="polite">
        {said && (
          <MessageCard
            severity={said.bad ? MessageCardSeverity.Error : MessageCardSeverity.Info}
            className="cascade-message"
          >
            {said.text}
          </MessageCard>
        )}
      </div>
      {reasons.length > 0 && (
        <ul className="cascade-reasons">
          {reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      {state.stages.length > 0 && (
        <table className="cascade-table">
          <caption>Stages</caption>
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col">State</th>
              <th scope="col">Attempt</th>
              <th scope="col">Duration</th>
            </tr>
          </thead>
          <tbody>
            {state.stages.map(({ reference, title: name, outcome: own, attempt, startedAt, endedAt }) => (
              <tr key={reference}>
                <td>{name}</td>
                <td>
                  <span className="cascade-state">
                    <OutcomeIcon outcome={own} /> {wordFor(own)}
                  </span>
                </td>
                <td>{attempt}</td>
                <td>{startedAt === undefined ? '' : durationText((endedAt ?? state.endedAt ?? now) - startedAt)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** Names only: what a parameter holds may be nobody's business. */
function Names({ title, names }: { title: string; names: string[] }): React.JSX.Element | null {
  if (!names.length) return null;
  return (
    <p className="cascade-names">
      {title}: <span className="cascade-quiet">{names.join(', ')}</span>
    </p>
  );
}
