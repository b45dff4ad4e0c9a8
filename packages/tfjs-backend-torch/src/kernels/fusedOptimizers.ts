import type { TensorInfo } from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import type { Handle } from '../native/addon.js';
import { shapeOf, stridesOf } from '../native/description.js';
import { hasOperator, listOperator, operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const sgdOnCpu = listOperator('protocl::sgd_momentum_');
const averageOnCpu = listOperator('protocl::exponential_moving_average_');
const fusedSgd = listOperator('aten::_fused_sgd_');
const foreachMultiply_ = listOperator('aten::_foreach_mul_', 'Scalar');
const foreachAdd_ = listOperator('aten::_foreach_add_', 'List');
const foreachAdd = listOperator('aten::_foreach_add', 'List');
const foreachLerp_ = listOperator('aten::_foreach_lerp_', 'Scalar');
const asStrided = operator('aten::as_strided');
const clone = operator('aten::clone');
const emptyLike = operator('aten::empty_like');
const copy_ = operator('aten::copy_');

type Inputs = Record<string, TensorInfo>;

interface SgdAttributes {
  count: number;
  learningRate: number;
  momentum: number;
  weightDecay: number;
  nesterov: boolean;
  /** For each parameter whether it decays; all do where this is missing. */
  decay?: readonly boolean[];
}

defineKernel<Inputs, SgdAttributes>('SgdMomentumStep', ({ inputs, attrs, backend }) => {
  const parameters = writable(backend, list(inputs, 'parameter', attrs.count));
  const velocities = writable(backend, list(inputs, 'velocity', attrs.count));
  const gradients = list(inputs, 'gradient', attrs.count).map((info) => backend.handle(info));
  parameters.forEach((parameter, i) => alignLayout(backend, velocities[i] as Writable, parameter.handle));
  const step = backend.device === 'cpu' ? sgdStepOnCpu : sgdStepOnDevice;
  step(handles(parameters), handles(velocities), gradients, attrs);
  return [...parameters, ...velocities].map((target) => target.finish());
});

interface AverageAttributes {
  count: number;
  momentum: number;
}

defineKernel<Inputs, AverageAttributes>('ExponentialMovingAverageStep', ({ inputs, attrs, backend }) => {
  const values = list(inputs, 'value', attrs.count).map((info) => backend.handle(info));
  const averages = writable(backend, list(inputs, 'average', attrs.count));
  averages.forEach((average, i) => alignLayout(backend, average, values[i] as Handle));
  if (backend.device === 'cpu') {
    averageOnCpu(handles(averages), values, attrs.momentum);
  } else {
    averageOnDevice(handles(averages), values, attrs.momentum);
  }
  return averages.map((average) => average.finish());
});

/** A tensor that a kernel may change: the input itself where nobody else sees its memory, else a copy of it. */
interface Writable {
  readonly info: TensorInfo;
  handle: Handle;
  readonly copied: boolean;
  /** The kernel's output: the input under its own data id, or the copy. */
  finish(): TensorInfo;
}

function writable(backend: TorchBackend, infos: readonly TensorInfo[]): Writable[] {
  return infos.map((info) => {
    const copied = backend.isShared(info);
    const target: Writable = {
      info,
      handle: copied ? clone(backend.handle(info)) : backend.handle(info),
      copied,
      finish: () => (copied ? backend.output(target.handle) : backend.share(info)),
    };
    return target;
  });
}

/**
 * Lays `target` out in memory like `model`. Filters change their layout at their first convolution, and what
 * accompanies them (velocities, averages) has to follow to be walked together with them.
 */
function alignLayout(backend: TorchBackend, target: Writable, model: Handle): void {
  if (stridesOf(target.handle).join() === stridesOf(model).join()) return;
  const aligned = copy_(emptyLike(model), target.handle);
  if (target.copied) target.handle = aligned;
  else backend.relayout(target.info, aligned);
}

function sgdStepOnCpu(
  parameters: Handle[],
  velocities: Handle[],
  gradients: Handle[],
  attrs: SgdAttributes,
): void {
  const decays = parameters.map((_, i) => (attrs.decay?.[i] === false ? 0 : attrs.weightDecay));
  sgdOnCpu(parameters, velocities, gradients, attrs.learningRate, attrs.momentum, decays, attrs.nesterov);
}

/** One pass over all tensors where this libtorch can, else two. */
function averageOnDevice(averages: Handle[], values: Handle[], momentum: number): void {
  if (hasOperator('aten::_foreach_lerp_', 'Scalar')) {
    foreachLerp_(averages, values, 1 - momentum);
    return;
  }
  foreachMultiply_(averages, momentum);
  foreachAdd_(averages, values, 1 - momentum);
}

/**
 * A tensor with the strides of `model`. libtorch's steps over lists demand equal ones or do without their single pass,
 * even where an axis of size 1 makes the stride meaningless, as in filters of one element: then a view does.
 */
function laidOutLike(model: Handle, given: Handle): Handle {
  const wanted = stridesOf(model);
  const strides = stridesOf(given);
  if (strides.every((stride, axis) => stride === wanted[axis])) return given;
  const shape = shapeOf(given);
  const sameOrder = shape.every((size, axis) => size === 1 || strides[axis] === wanted[axis]);
  return sameOrder ? asStrided(given, shape, wanted) : copy_(emptyLike(model), given);
}

/** PyTorch's own fused step where this libtorch has it, else a few passes over all tensors at once. */
function sgdStepOnDevice(
  parameters: Handle[],
  velocities: Handle[],
  given: Handle[],
  attrs: SgdAttributes,
): void {
  const gradients = given.map((gradient, i) => laidOutLike(parameters[i] as Handle, gradient));
  // On CUDA the fused step refuses a momentum of 0 together with velocities, which are to become the gradients here.
  const fused = attrs.momentum > 0 && hasOperator('aten::_fused_sgd_');
  for (const decays of [true, false]) {
    const chosen = parameters.map((_, i) => i).filter((i) => (attrs.decay?.[i] !== false) === decays);
    if (chosen.length === 0) continue;
    const pick = (from: Handle[]): Handle[] => chosen.map((i) => from[i] as Handle);
    const weightDecay = decays ? attrs.weightDecay : 0;
    const group = [pick(parameters), pick(gradients), pick(velocities)] as const;
    if (fused) {
      fusedSgd(
        ...group,
        weightDecay,
        attrs.momentum,
        attrs.learningRate,
        0,
        attrs.nesterov,
        false,
        false,
        null,
        null,
      );
    } else {
      sgdStepByLists(...group, weightDecay, attrs);
    }
  }
}

function sgdStepByLists(
  parameters: Handle[],
  gradients: Handle[],
  velocities: Handle[],
  weightDecay: number,
  attrs: SgdAttributes,
): void {
  const decayed = weightDecay === 0 ? gradients : foreachAdd(gradients, parameters, weightDecay);
  foreachMultiply_(velocities, attrs.momentum);
  foreachAdd_(velocities, decayed, 1);
  const direction = attrs.nesterov ? foreachAdd(decayed, velocities, attrs.momentum) : velocities;
  foreachAdd_(parameters, direction, -attrs.learningRate);
}

function list(inputs: Inputs, name: string, count: number): TensorInfo[] {
  return Array.from({ length: count }, (_, i) => inputs[`${name}${i}`] as TensorInfo);
}

function handles(targets: readonly Writable[]): Handle[] {
  return targets.map((target) => target.handle);
}
