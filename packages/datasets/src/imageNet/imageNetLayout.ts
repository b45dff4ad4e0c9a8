import type { DatasetLayout } from '../published/layout.js';

/** Names of the WordNet synsets that the classes are. */
export const SYNSET = /^n\d{8}$/;

/** Files that say what a synset is; each of them will do. */
export const WORDS = ['synset_words.txt', 'LOC_synset_mapping.txt'] as const;

/** Files that say of which class a held-out image is, below the root. */
export const VALIDATION_LISTS = ['val.txt', 'val/val.txt'] as const;

export const IMAGENET_LAYOUT: DatasetLayout = {
  title: 'ImageNet',
  expected: [
    'train/n01440764/*.JPEG  a folder for each class',
    'val/n01440764/*.JPEG    the same, or val/*.JPEG with val.txt',
    'val.txt                 lines such as ILSVRC2012_val_00000001.JPEG 65; classes sorted by synset, from 0',
    'synset_words.txt        optional: lines such as n01440764 tench, Tinca tinca',
  ],
  source: 'image-net.org',
};
