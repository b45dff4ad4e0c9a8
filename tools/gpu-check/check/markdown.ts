import { describeMachine, type CheckRecord, type Figure, type StepRecord } from './record.js';

/** A record as the docs show it: the machine, a line for each step, and a table of each step's figures. */
export function markdownOf(record: CheckRecord): string {
  const { machine, calls, steps, images, tiny } = record;
  const notes = [
    ...(tiny ? ['Small sizes, to try the check out: these times say nothing of the machine.'] : []),
    ...(images === 'stand-in' ? ['The images are a stand-in for CIFAR-10: accuracies say nothing.'] : []),
  ];
  return [
    `${describeMachine(machine)}; ${calls[0]!.date.slice(0, 10)}.`,
    ...notes,
    table(
      ['step', 'result', 'seconds', ''],
      steps.map(({ name, what, status, seconds, message }) => [
        name,
        status,
        seconds.toFixed(0),
        message === undefined ? what : firstLine(message),
      ]),
    ),
    ...steps.filter(({ figures }) => figures.length > 0).map(figuresOf),
  ].join('\n\n');
}

function figuresOf({ name, figures }: StepRecord): string {
  return [`### ${name}`, ...byKind(figures)].join('\n\n');
}

function byKind(figures: readonly Figure[]): string[] {
  const values = figures.filter((figure) => figure.kind === 'value');
  const comparisons = figures.filter((figure) => figure.kind === 'comparison');
  const profiles = figures.filter((figure) => figure.kind === 'profile');
  return [
    ...(values.length === 0
      ? []
      : [
          table(
            ['figure', 'value', 'unit'],
            values.map(({ name, value, unit }) => [name, shown(value), unit]),
          ),
        ]),
    ...(comparisons.length === 0 ? [] : [comparisonTable(comparisons.map(({ record }) => record))]),
    ...profiles.map(profileTable),
  ];
}

function profileTable({ name, profile }: Extract<Figure, { kind: 'profile' }>): string {
  const { kernels, others, copies } = profile;
  const rows = [
    ...kernels.map((kernel) => ({ ...kernel, name: `\`${shortened(kernel.name)}\`` })),
    ...(others.kinds === 0 ? [] : [{ ...others, name: `${others.kinds} more` }]),
    ...copies,
  ];
  const shownRows = rows.map(({ name: kernel, calls, milliseconds }) => [
    kernel,
    shown(calls),
    shown(milliseconds),
  ]);
  return [`${name}:`, table(['kernel', 'calls a step', 'ms a step'], shownRows)].join('\n\n');
}

type Comparison = Extract<Figure, { kind: 'comparison' }>['record'];

function comparisonTable(records: readonly Comparison[]): string {
  return table(
    [
      'case',
      'unit',
      'ours',
      'peer',
      'ratio',
      'host ms, ours / peer',
      'items/s',
      'MiB, ours / peer',
      'the peer, and its other ways',
    ],
    records.map(({ name, unit, ours, peer, ratio, peerName, variants, leftOut, ...figures }) => [
      name,
      unit,
      shown(ours),
      peer === null ? '' : shown(peer),
      ratio === null ? '' : ratio.toFixed(3),
      ofBoth(figures.hostMilliseconds),
      figures.itemsPerSecond.ours === null ? '' : figures.itemsPerSecond.ours.toFixed(0),
      ofBoth(figures.deviceMiB),
      [
        peerName ?? 'none',
        ...variants
          .filter(({ label }) => label !== peerName)
          .map(({ label, median }) => `${lastPart(label)} ${shown(median)}`),
        ...leftOut.map(({ label }) => `${lastPart(label)} failed`),
      ].join('; '),
    ]),
  );
}

function ofBoth({ ours, peer }: Comparison['deviceMiB']): string {
  if (ours === null && peer === null) return '';
  return [ours, peer].map((figure) => (figure === null ? '-' : shown(figure))).join(' / ');
}

/** Of `PyTorch 2.11, eager, bfloat16` what comes behind the name. */
function lastPart(label: string): string {
  return label.replace(/^PyTorch [^,]+, /, '');
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function shown(value: number | string): string {
  if (typeof value === 'string') return value;
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5 ? value.toPrecision(4) : value.toExponential(1);
}

function firstLine(message: string): string {
  return shortened(message.split('\n')[0]!, 160);
}

function shortened(text: string, most = 90): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
