/** So many tests are under way at a time: enough that none waits for another's waiting, few enough for a small machine. */
const AT_ONCE = 6;

type Test = () => Promise<void>;

/**
 * Gives an `it` for the tests of one `describe` that wait much and compute little: they run beside one another, begun in their order,
 * and each reports by itself. What they share is ended in `after`, not in `afterEach`.
 */
export function together(): (name: string, test: Test) => void {
  const waiting: (() => Promise<void>)[] = [];
  before(() => {
    for (let lane = 0; lane < AT_ONCE; lane++) void work(waiting);
  });
  return (name, test) => {
    const outcome = new Promise<void>((resolve) => {
      waiting.push(async () => {
        const ending = test();
        resolve(ending);
        // One that fails is told by its own `it`, and frees its place like any other.
        await ending.catch(() => undefined);
      });
    });
    outcome.catch(() => undefined);
    it(name, () => outcome);
  };
}

async function work(waiting: (() => Promise<void>)[]): Promise<void> {
  for (let next = waiting.shift(); next; next = waiting.shift()) await next();
}
