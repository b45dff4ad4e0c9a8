/**
 * The first key that an object within valid JSON has twice, if there is one. `JSON.parse` silently
 * keeps the last of them.
 */
export function duplicateKey(json: string): string | undefined {
  const scopes: Set<string>[] = [];
  let lastString = '';
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '{') scopes.push(new Set());
    else if (character === '}') scopes.pop();
    else if (character === '"') {
      const end = endOfString(json, at);
      lastString = json.slice(at, end + 1);
      at = end;
    } else if (character === ':') {
      // Escapes are resolved first: "\u0061" is the key "a".
      const key = JSON.parse(lastString) as string;
      const scope = scopes.at(-1)!;
      if (scope.has(key)) return key;
      scope.add(key);
    }
  }
  return undefined;
}

function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at;
}
