import { may } from '../state/identity';
import type { Run } from '../state/runs';
import { buildWire } from './buildWire';
import { listReply, page, projectOf, queryList, queryNumber, type Reply, type RouteCall } from './route';

/** Runs of a project by all the filters of the list, in pages. */
export function listBuilds(call: RouteCall): Reply {
  const project = projectOf(call);
  const matches = filtersOf(call);
  const found = call.state.runs
    .filter((run) => run.pipeline.project === project && may(call.access, 'viewBuilds'))
    .filter((run) => matches.every((match) => match(run)))
    .toSorted(buildOrder(call));
  const perDefinition = queryNumber(call, 'maxBuildsPerDefinition') ?? Infinity;
  const counts = new Map<number, number>();
  const limited = found.filter((run) => {
    const count = (counts.get(run.pipeline.id) ?? 0) + 1;
    counts.set(run.pipeline.id, count);
    return count <= perDefinition;
  });
  const { items, headers } = page(call, limited, 1000);
  return listReply(
    items.map((run) => buildWire(call, run)),
    headers,
  );
}

type Filter = (run: Run) => boolean;

function filtersOf(call: RouteCall): Filter[] {
  const { state, query } = call;
  const numbers = (name: string): number[] | undefined => queryList(call, name)?.map(Number);
  const words = (name: string): string[] | undefined => queryList(call, name)?.map((word) => word.toLowerCase());
  const deleted = query.get('deletedfilter')?.toLowerCase() ?? 'excludedeleted';
  const [ids, definitions, queues] = [numbers('buildIds'), numbers('definitions'), numbers('queues')];
  const [statuses, results, reasons] = [words('statusFilter'), words('resultFilter'), words('reasonFilter')];
  const [tags, branch, number] = [words('tagFilters'), query.get('branchname'), query.get('buildnumber')];
  const [from, to, requestedFor] = [
    query.get('mintime'),
    query.get('maxtime'),
    query.get('requestedfor')?.toLowerCase(),
  ];
  const repository = query.get('repositoryid')?.toLowerCase();
  const status = (run: Run): string => state.look(run).statusWord.toLowerCase();
  const time = timeFilter(call);
  return [
    (run) => (run.deletedAt === undefined ? deleted !== 'onlydeleted' : deleted !== 'excludedeleted'),
    (run) => ids?.includes(run.id) ?? true,
    (run) => definitions?.includes(run.pipeline.id) ?? true,
    (run) => queues?.includes(run.queueId) ?? true,
    (run) => statuses === undefined || statuses.includes('all') || statuses.includes(status(run)),
    (run) => results?.includes(state.look(run).resultWord?.toLowerCase() ?? 'none') ?? true,
    (run) => reasons === undefined || reasons.includes('all') || reasons.includes(run.reason.toLowerCase()),
    (run) => tags?.every((tag) => run.tags.some((own) => own.toLowerCase() === tag)) ?? true,
    (run) => branch === undefined || run.branch === branch || run.branch === `refs/heads/${branch}`,
    (run) =>
      number === undefined ||
      (number.endsWith('*') ? run.number.startsWith(number.slice(0, -1)) : run.number === number),
    (run) =>
      requestedFor === undefined ||
      [run.requestedFor.id, run.requestedFor.displayName.toLowerCase()].includes(requestedFor),
    (run) => repository === undefined || run.pipeline.repository.id === repository,
    (run) => from === undefined || time(run) >= Date.parse(from),
    (run) => to === undefined || time(run) <= Date.parse(to),
  ];
}

/** `minTime` and `maxTime` are about the time that the order is about; the default is the finish time. */
function timeFilter(call: RouteCall): (run: Run) => number {
  const order = call.query.get('queryorder')?.toLowerCase() ?? '';
  return (run) => {
    const view = call.state.look(run);
    if (order.startsWith('queuetime')) return run.queueTime;
    if (order.startsWith('starttime')) return view.startTime ?? run.queueTime;
    return view.finishTime ?? Infinity;
  };
}

function buildOrder(call: RouteCall): (a: Run, b: Run) => number {
  const order = call.query.get('queryorder')?.toLowerCase() ?? '';
  const time = timeFilter(call);
  if (order.endsWith('ascending')) return (a, b) => time(a) - time(b) || a.id - b.id;
  if (order.endsWith('descending')) return (a, b) => time(b) - time(a) || b.id - a.id;
  return (a, b) => b.id - a.id;
}
