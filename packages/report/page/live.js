/**
 * Listens to the server of a run that goes on.
 *
 * @param {(part: Partial<PageData>) => void} onPart told what has changed
 */
function followRun(onPart) {
  const source = new EventSource('events');
  source.addEventListener('part', (event) => onPart(JSON.parse(event.data)));
  source.addEventListener('end', () => source.close());
}
