/**
 * Tests that wait in real time, all at once: the bodies start together before the first one, and each `it` tells how its own ended.
 * For use inside a `describe`, in place of mocha's `it`; the bodies share nothing.
 */
export function together(): (name: string, body: () => Promise<void>) => void {
  const bodies: { body: () => Promise<void>; ended?: Promise<void> }[] = [];
  before(() => {
    for (const one of bodies) {
      one.ended = one.body();
      one.ended.catch(() => undefined);
    }
  });
  return (name, body) => {
    const one: (typeof bodies)[number] = { body };
    bodies.push(one);
    it(name, () => one.ended);
  };
}
