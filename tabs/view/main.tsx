import * as SDK from 'azure-devops-extension-sdk';
import 'azure-devops-ui/Core/override.css';
import * as React from 'react';
import * as ReactDOM from 'react-dom';
import { act, type ActionName } from '../reading/actions';
import type { Rest } from '../reading/Rest';
import { Watch } from '../reading/Watch';
import type { TreeNode } from '../model/tree';
import { CascadeTab } from './CascadeTab';
import { openHostPage } from './hostPage';
import './tab.css';

/** Turns come quickly until all in sight was read once; later ones leave the service alone. */
const QUICK_TURN_MS = 100;
const TURN_MS = 1000;

/** Turns until all has ended, none while the page is hidden. */
class TabLoop {
  private inSight: ReadonlySet<string> = new Set();
  private timer: number | undefined;
  private turning = false;

  constructor(
    private readonly watch: Watch,
    private readonly rest: Rest,
    private readonly show: (loop: TabLoop) => void,
  ) {
    document.addEventListener('visibilitychange', () => this.wake());
  }

  get shown(): Watch {
    return this.watch;
  }

  readonly see = (keys: ReadonlySet<string>): void => {
    this.inSight = keys;
    if (this.timer === undefined) this.wake();
  };

  readonly act = async (action: ActionName, node: TreeNode): Promise<void> => {
    await act(this.rest, action, node);
    this.changed(node.key);
  };

  /** Something was done to the page's run or release, or to a child: what was read of it is old. */
  changed(key: string): void {
    this.watch.expire(key);
    this.wake();
  }

  /** The page's run or release goes on after everything had ended: a stage is deployed by hand, say. */
  wakeIfDone(): void {
    if (this.watch.pause(Date.now()) === undefined) this.changed(this.watch.rootKey);
  }

  wake(): void {
    window.clearTimeout(this.timer);
    this.timer = undefined;
    if (!document.hidden && !this.turning) this.timer = window.setTimeout(() => void this.turn(), 0);
  }

  private async turn(): Promise<void> {
    this.turning = true;
    await this.watch.turn(Date.now(), this.inSight);
    this.turning = false;
    this.timer = undefined;
    this.show(this);
    const pause = this.watch.pause(Date.now());
    if (pause === undefined || document.hidden) return;
    const least = this.watch.isBehind ? QUICK_TURN_MS : TURN_MS;
    this.timer = window.setTimeout(() => void this.turn(), Math.max(pause, least));
  }
}

async function main(): Promise<void> {
  const place = document.getElementById('tab');
  await SDK.init({ loaded: false, applyTheme: true });
  try {
    const { root, rest, onChanged } = await openHostPage();
    const loop = new TabLoop(new Watch(rest, root), rest, show);
    show(loop);
    loop.wake();
    onChanged(() => loop.wakeIfDone());
  } catch (error) {
    ReactDOM.render(<p role="alert">{error instanceof Error ? error.message : String(error)}</p>, place);
  }
  await SDK.notifyLoadSucceeded();

  function show(loop: TabLoop): void {
    const { documents, states, problems, rootKey, root, isComplete } = loop.shown;
    ReactDOM.render(
      <CascadeTab
        rootKey={rootKey}
        rootKind={root.kind}
        documents={documents}
        states={states}
        problems={[...new Set(problems.values())]}
        complete={isComplete}
        now={Date.now()}
        onSight={loop.see}
        onAct={loop.act}
      />,
      place,
    );
  }
}

void main();
