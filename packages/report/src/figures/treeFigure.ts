import type { PrototypeNode } from '../reportInput.js';
import { figureOf, PALETTE, type Figure } from './figure.js';

/** More leaves than this cannot be told apart in a picture. */
const MOST_LEAVES = 60;

/** The prototype tree as a picture; undefined where it has more branches than one can draw. */
export function treeFigure(id: string, roots: readonly PrototypeNode[]): Figure | undefined {
  // The largest prototypes, for as long as there is room.
  const shown: PrototypeNode[] = [];
  let leaves = 0;
  for (const root of [...roots].sort((a, b) => b.size - a.size)) {
    leaves += leavesOf(root);
    if (leaves > MOST_LEAVES) break;
    shown.push(root);
  }
  if (shown.length === 0) return undefined;
  const missing = roots.length - shown.length;
  return figureOf({
    id,
    title:
      missing === 0 ? 'Prototype tree' : `Prototype tree: the ${shown.length} largest of ${roots.length}`,
    aspect: 1.2,
    option: {
      color: PALETTE,
      animation: false,
      series: [
        {
          type: 'tree',
          left: 60,
          right: 160,
          top: 8,
          bottom: 8,
          initialTreeDepth: -1,
          symbolSize: 6,
          label: { position: 'top', fontSize: 9 },
          leaves: { label: { position: 'right', verticalAlign: 'middle', align: 'left' } },
          data: [{ name: 'all images', children: shown.map(drawn) }],
        },
      ],
    },
  });
}

interface DrawnNode {
  readonly name: string;
  readonly value: number;
  readonly children: readonly DrawnNode[];
}

function drawn({ name, size, children = [] }: PrototypeNode): DrawnNode {
  return { name, value: size, children: children.map(drawn) };
}

function leavesOf({ children = [] }: PrototypeNode): number {
  return children.length === 0 ? 1 : children.reduce((sum, child) => sum + leavesOf(child), 0);
}
