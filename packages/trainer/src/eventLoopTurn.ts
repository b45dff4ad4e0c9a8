/** What is used of a channel, by the names that pages have for it. */
interface PageChannel {
  readonly port1: { onmessage: (() => void) | null; close(): void };
  readonly port2: { postMessage(message: null): void };
}

/** Lets whatever waits have its turn, such as signals, timers and events of a page. */
export function eventLoopTurn(): Promise<void> {
  // Typed as if it were there always: pages do not have it.
  const { setImmediate } = globalThis as { readonly setImmediate?: (turn: () => void) => unknown };
  return new Promise((resolve) => {
    if (setImmediate !== undefined) {
      setImmediate(() => {
        resolve();
      });
      return;
    }
    // A timer would wait for 4 ms from the fifth on.
    const { port1, port2 } = new MessageChannel() as unknown as PageChannel;
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
