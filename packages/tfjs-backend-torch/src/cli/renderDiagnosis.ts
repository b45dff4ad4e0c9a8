import type { Diagnosis } from './diagnose.js';

/** A diagnosis as lines for a terminal: what there is, then what is missing and how to get it. */
export function renderDiagnosis(diagnosis: Diagnosis): string {
  const { node, libtorch, compiler, addon } = diagnosis;
  const rows: [string, string][] = [
    ['node', `${node.version} (${node.platform} ${node.arch}, ${threads(diagnosis.threads)})`],
    ...diagnosis.search.map(({ source, outcome, detail }): [string, string] => {
      const isUsed = outcome === 'found' && source === libtorch?.source;
      return [
        `libtorch, ${source}`,
        `${outcome === 'broken' ? 'unusable: ' : ''}${detail}${isUsed ? ' (used)' : ''}`,
      ];
    }),
    ['C++ compiler', compiler.version === undefined ? 'missing' : `${compiler.command} ${compiler.version}`],
    ['addon', addonState(addon)],
    ['CUDA', cudaState(diagnosis)],
  ];
  if (diagnosis.openBlasCore !== null) rows.push(['OpenBLAS core', diagnosis.openBlasCore]);
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  lines.push('', ...diagnosis.notes.map((note) => `Note: ${note}`));
  lines.push(...diagnosis.problems.map(({ message, remedy }) => `Problem: ${message} ${remedy}`));
  if (diagnosis.ok) lines.push('All is well.');
  return lines.join('\n');
}

function addonState(addon: Diagnosis['addon']): string {
  if (addon === null) return 'needs libtorch first';
  if (!addon.isBuilt) return 'not compiled yet';
  return `${addon.loaded === null ? 'compiled, but does not load' : 'compiled, loads'}: ${addon.path}`;
}

function cudaState({ libtorch, addon, gpus }: Diagnosis): string {
  const cards = gpus.length === 0 ? 'no NVIDIA driver' : gpus.join('; ');
  if (libtorch === null) return cards;
  if (!libtorch.cuda) return `${cards}; libtorch without CUDA`;
  const seen = addon?.loaded?.cudaDevices;
  return `${cards}; libtorch with CUDA${seen === undefined ? '' : `, which sees ${seen} ${seen === 1 ? 'device' : 'devices'}`}`;
}

function threads(count: number): string {
  return count === 1 ? '1 thread' : `${count} threads`;
}
