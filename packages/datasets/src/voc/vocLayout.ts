import type { DatasetLayout } from '../published/layout.js';

/** Those of the objects, in the order that every annotation of an image has. */
export const VOC_CLASSES = [
  'aeroplane',
  'bicycle',
  'bird',
  'boat',
  'bottle',
  'bus',
  'car',
  'cat',
  'chair',
  'cow',
  'diningtable',
  'dog',
  'horse',
  'motorbike',
  'person',
  'pottedplant',
  'sheep',
  'sofa',
  'train',
  'tvmonitor',
] as const;

export const LISTS = 'ImageSets/Main';

export const VOC2007_LAYOUT: DatasetLayout = {
  title: 'Pascal VOC 2007',
  expected: [
    'VOCdevkit/VOC2007/JPEGImages/000005.jpg            the images',
    'VOCdevkit/VOC2007/Annotations/000005.xml           their objects',
    'VOCdevkit/VOC2007/ImageSets/Main/trainval.txt      the images of each split: train, val, trainval, test',
    'VOCdevkit/VOC2007/ImageSets/Main/cat_trainval.txt  for each class and split: lines such as 000005 -1',
  ],
  source: 'host.robots.ox.ac.uk/pascal/VOC/voc2007',
};
