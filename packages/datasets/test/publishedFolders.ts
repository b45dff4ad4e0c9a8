import { picture } from './imageFiles.js';
import type { temporaryFolder } from './temporaryFolder.js';

type Folder = ReturnType<typeof temporaryFolder>;

const jpeg = (seed: number) => picture(seed, 24, 20).jpeg().toBuffer();

/** The annotation of an image as the challenge's archive has it. */
export function vocXml(image: string, objects: readonly string[]): string {
  return `<annotation>
	<folder>VOC2007</folder>
	<filename>${image}.jpg</filename>
	<source>
		<database>The VOC2007 Database</database>
		<annotation>PASCAL VOC2007</annotation>
		<image>flickr</image>
		<flickrid>341012865</flickrid>
	</source>
	<owner>
		<flickrid>Fried Camels</flickrid>
		<name>Jinky the Fruit Bat &amp; others</name>
	</owner>
	<size>
		<width>24</width>
		<height>20</height>
		<depth>3</depth>
	</size>
	<segmented>0</segmented>
${objects.join('\n')}
</annotation>
`;
}

export function vocObject(
  name: string,
  [xmin, ymin, xmax, ymax]: readonly number[],
  { difficult = 0, truncated = 0, parts = '' } = {},
): string {
  return `	<object>
		<name>${name}</name>
		<pose>Left</pose>
		<truncated>${truncated}</truncated>
		<difficult>${difficult}</difficult>
		<bndbox>
			<xmin>${xmin}</xmin>
			<ymin>${ymin}</ymin>
			<xmax>${xmax}</xmax>
			<ymax>${ymax}</ymax>
		</bndbox>${parts}
	</object>`;
}

const HEAD =
  '<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>';

/** Objects of each image: a class, and whether it is difficult. */
const SCENES: Readonly<Record<string, readonly (readonly [string, boolean])[]>> = {
  '000005': [
    ['chair', false],
    ['chair', true],
  ],
  '000007': [['car', true]],
  '000009': [
    ['person', false],
    ['horse', false],
  ],
  '000012': [
    ['car', false],
    ['dog', true],
  ],
};
const VOC_IMAGES = Object.keys(SCENES);
export const VOC_SPLITS = {
  train: ['000005', '000012'],
  val: ['000007'],
  trainval: ['000005', '000007', '000012'],
  test: ['000009'],
} as const;

/** 1, 0 or -1, from the objects, as the challenge defines it. */
export function presence(image: string, name: string): 1 | 0 | -1 {
  const found = SCENES[image]!.filter(([of]) => of === name);
  if (found.length === 0) return -1;
  return found.some(([, difficult]) => !difficult) ? 1 : 0;
}

/** Writes four images with their annotations and lists. */
export async function writeVoc(folder: Folder, classes: readonly string[], root = 'VOCdevkit/VOC2007') {
  for (const [seed, image] of VOC_IMAGES.entries()) {
    await folder.write(`${root}/JPEGImages/${image}.jpg`, await jpeg(seed));
    const objects = SCENES[image]!.map(([name, difficult], place) =>
      vocObject(name, [1 + place, 2, 20, 18.5], {
        difficult: Number(difficult),
        truncated: place,
        parts: name === 'person' ? HEAD : '',
      }),
    );
    await folder.write(`${root}/Annotations/${image}.xml`, vocXml(image, objects));
  }
  for (const [split, images] of Object.entries(VOC_SPLITS)) {
    await folder.write(`${root}/ImageSets/Main/${split}.txt`, `${images.join('\n')}\n`);
    for (const name of classes) {
      // The lists align 1 and -1.
      const lines = images.map((image) => `${image} ${String(presence(image, name)).padStart(2)}\n`);
      await folder.write(`${root}/ImageSets/Main/${name}_${split}.txt`, lines.join(''));
    }
  }
}

export const SYNSETS = ['n01440764', 'n01443537', 'n02084071'] as const;

/** Writes two training images of each of three classes. */
export async function writeImageNetTrain(folder: Folder) {
  for (const [label, synset] of SYNSETS.entries()) {
    for (const i of [10, 9]) {
      await folder.write(`train/${synset}/${synset}_${i}.JPEG`, await jpeg(10 * label + i));
    }
  }
}

/** Writes images and the list of a split, whose lines are given. */
export async function writePlaces(
  folder: Folder,
  split: 'train' | 'val',
  lines: readonly string[],
  images = 'data/vision/torralba/deeplearning/images256',
) {
  await folder.write(`trainvalsplit_places205/${split}_places205.csv`, `${lines.join('\r\n')}\r\n`);
  for (const [seed, line] of lines.entries()) {
    await folder.write(`${images}/${line.split(' ')[0]!}`, await jpeg(seed));
  }
}
