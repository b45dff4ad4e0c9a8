import { describe, expect, test } from '@jest/globals';
import { prototypeTree, type Granularity, type PrototypeNode } from '@protocl/evaluators';

import { uniform } from '../points.js';

describe('prototypeTree', () => {
  test('each prototype is under the one that holds most of its samples', () => {
    const tree = prototypeTree([
      { k: 2, assignments: [0, 0, 0, 0, 1, 1, 1] },
      { k: 4, assignments: [0, 0, 3, 3, 3, 1, 1] },
    ]);
    const leaf = { level: 1, children: [] };
    expect(tree).toEqual([
      {
        level: 0,
        cluster: 0,
        size: 4,
        share: 1,
        children: [
          { ...leaf, cluster: 3, size: 3, share: 2 / 3 },
          { ...leaf, cluster: 0, size: 2, share: 1 },
        ],
      },
      { level: 0, cluster: 1, size: 3, share: 1, children: [{ ...leaf, cluster: 1, size: 2, share: 1 }] },
    ]);
    expect(JSON.parse(JSON.stringify(tree))).toEqual(tree);
  });

  test('three granularities keep every prototype that has samples, at its level, with the share of a naive count', () => {
    const granularities = [3, 7, 20].map((k): Granularity => ({
      k,
      assignments: uniform(300, k).map((value) => Math.floor(((value + 1) / 2) ** 2 * k)),
    }));
    const nodes: [PrototypeNode, PrototypeNode | undefined][] = [];
    const visit = (node: PrototypeNode, parent?: PrototypeNode): void => {
      nodes.push([node, parent]);
      node.children.forEach((child) => visit(child, node));
    };
    prototypeTree(granularities).forEach((root) => visit(root));
    const used = granularities.map(({ assignments }) => new Set(Array.from(assignments)).size);
    used.forEach((count, level) =>
      expect(nodes.filter(([node]) => node.level === level)).toHaveLength(count),
    );
    for (const [node, parent] of nodes) {
      const members = Array.from(granularities[node.level]!.assignments, (cluster, i) => ({
        cluster,
        i,
      })).filter(({ cluster }) => cluster === node.cluster);
      expect(node.size).toBe(members.length);
      if (parent === undefined) continue;
      expect(parent.level).toBe(node.level - 1);
      const above = granularities[parent.level]!.assignments;
      const shares = Array.from(
        { length: granularities[parent.level]!.k },
        (_, c) => members.filter(({ i }) => above[i] === c).length / members.length,
      );
      expect(node.share).toBe(shares[parent.cluster]);
      expect(node.share).toBe(Math.max(...shares));
    }
  });

  test.each([
    ['nothing', [], 'EMPTY_SPLIT'],
    ['no samples', [{ k: 2, assignments: [] }], 'EMPTY_SPLIT'],
    [
      'the finer first',
      [
        { k: 3, assignments: [0, 1] },
        { k: 2, assignments: [0, 1] },
      ],
      'INVALID_OPTION',
    ],
    [
      'other samples',
      [
        { k: 1, assignments: [0, 0] },
        { k: 2, assignments: [0] },
      ],
      'INVALID_SHAPE',
    ],
    ['a cluster that is none', [{ k: 1, assignments: [0, 1] }], 'INVALID_LABELS'],
  ])('refuses %s', (_, granularities: readonly Granularity[], code) => {
    expect(() => prototypeTree(granularities)).toThrow(expect.objectContaining({ code }));
  });
});
