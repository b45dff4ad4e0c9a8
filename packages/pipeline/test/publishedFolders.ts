import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { ImageDataset } from '@protocl/datasets';
import { encodePng } from './imageFolder.js';

/** Images that are split in two, and their classes. */
export interface SplitImages {
  readonly train: ImageDataset;
  readonly test: ImageDataset;
}

/** A class folder for training, and the held-out images with their list. */
export async function writeImageNet(root: string, { train, test }: SplitImages): Promise<void> {
  const synset = (label: number) => `n0000000${label}`;
  for (const [index, label] of train.labels.entries()) {
    const name = `${synset(label)}_${String(index).padStart(3, '0')}.JPEG`;
    await write(root, `train/${synset(label)}/${name}`, imageFile(train, index));
  }
  const lines: string[] = [];
  for (const [index, label] of test.labels.entries()) {
    const name = `ILSVRC2012_val_${String(index + 1).padStart(8, '0')}.JPEG`;
    await write(root, `val/${name}`, imageFile(test, index));
    lines.push(`${name} ${label}\n`);
  }
  await write(root, 'val.txt', lines.join(''));
}

export async function writePlaces205(root: string, images: SplitImages): Promise<void> {
  for (const [split, dataset] of [
    ['train', images.train],
    ['val', images.test],
  ] as const) {
    const lines: string[] = [];
    for (const [index, label] of dataset.labels.entries()) {
      const name = `${dataset.classNames[label]![0]!}/${dataset.classNames[label]!}/${split}_${index}.jpg`;
      await write(root, `data/vision/torralba/deeplearning/images256/${name}`, imageFile(dataset, index));
      lines.push(`${name} ${label}\n`);
    }
    await write(root, `trainvalsplit_places205/${split}_places205.csv`, lines.join(''));
  }
}

/** The names of VOC that stand for the first classes of the images. */
const VOC_NAMES = ['aeroplane', 'bicycle', 'bird', 'boat'] as const;
const OTHER_NAMES =
  'bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant sheep sofa train tvmonitor'.split(
    ' ',
  );

/** An image shows its class and nothing else. The training images are halved into train and val. */
export async function writeVoc2007(root: string, { train, test }: SplitImages): Promise<void> {
  const base = join(root, 'VOCdevkit/VOC2007');
  const shown: (readonly [string, number])[] = [];
  for (const dataset of [train, test]) {
    for (const [index, label] of dataset.labels.entries()) {
      const image = String(shown.length + 1).padStart(6, '0');
      shown.push([image, label]);
      await write(base, `JPEGImages/${image}.jpg`, imageFile(dataset, index));
      await write(base, `Annotations/${image}.xml`, annotation(VOC_NAMES[label]!));
    }
  }
  const [count] = train.shape;
  const half = Math.floor(count / 2);
  const splits = {
    train: shown.slice(0, half),
    val: shown.slice(half, count),
    trainval: shown.slice(0, count),
    test: shown.slice(count),
  };
  for (const [split, images] of Object.entries(splits)) {
    await write(base, `ImageSets/Main/${split}.txt`, images.map(([image]) => `${image}\n`).join(''));
    for (const [column, name] of [...VOC_NAMES, ...OTHER_NAMES].entries()) {
      const lines = images.map(([image, label]) => `${image} ${label === column ? ' 1' : '-1'}\n`);
      await write(base, `ImageSets/Main/${name}_${split}.txt`, lines.join(''));
    }
  }
}

function annotation(name: string): string {
  const box = '<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>';
  return `<annotation><size><width>12</width><height>12</height><depth>3</depth></size>
<object><name>${name}</name><truncated>0</truncated><difficult>0</difficult>${box}</object></annotation>
`;
}

/** A PNG, whatever its name says: images are told apart by their content, and this one keeps every pixel. */
function imageFile({ images, shape: [count, height, width] }: ImageDataset, index: number): Buffer {
  const size = images.length / count;
  return encodePng(images.subarray(index * size, (index + 1) * size), width, height);
}

async function write(root: string, name: string, content: string | Uint8Array): Promise<void> {
  const path = join(root, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
