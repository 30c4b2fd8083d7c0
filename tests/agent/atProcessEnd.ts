const actions = new Set<() => void>();
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Does something when this process ends, by itself or by a signal; the function that it gives takes that back. */
export function atProcessEnd(action: () => void): () => void {
  if (actions.size === 0) watch();
  actions.add(action);
  return () => {
    actions.delete(action);
    if (actions.size === 0) stopWatching();
  };
}

function watch(): void {
  process.on('exit', endAll);
  for (const signal of signals) process.on(signal, endAllAndGo);
}

function stopWatching(): void {
  process.off('exit', endAll);
  for (const signal of signals) process.off(signal, endAllAndGo);
}

function endAll(): void {
  actions.forEach((action) => action());
  actions.clear();
}

/** Where somebody else listens as well, this process ends in its own order, and what is left is done at its exit. */
function endAllAndGo(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  endAll();
  stopWatching();
  process.kill(process.pid, signal);
}
