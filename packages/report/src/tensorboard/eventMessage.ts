import protobuf from 'protobufjs/light.js';

const { Field, Root, Type } = protobuf;

/** One entry of an event file: that part of TensorBoard's `Event` which is written here. */
export interface TensorBoardEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step?: number;
  readonly fileVersion?: string;
  readonly summary?: { readonly value: readonly SummaryValue[] };
}

export type SummaryValue =
  | { readonly tag: string; readonly simpleValue: number }
  | { readonly tag: string; readonly image: SummaryImage };

/** A picture as a PNG. */
export interface SummaryImage {
  readonly height: number;
  readonly width: number;
  /** 3: RGB. */
  readonly colorspace: 3;
  readonly encodedImageString: Uint8Array;
}

// The numbers of event.proto and summary.proto of TensorBoard 2.
const image = new Type('Image')
  .add(new Field('height', 1, 'int32'))
  .add(new Field('width', 2, 'int32'))
  .add(new Field('colorspace', 3, 'int32'))
  .add(new Field('encodedImageString', 4, 'bytes'));
const value = new Type('Value')
  .add(new Field('tag', 1, 'string'))
  .add(new Field('simpleValue', 2, 'float'))
  .add(new Field('image', 4, 'Image'));
const summary = new Type('Summary').add(new Field('value', 1, 'Value', 'repeated'));
const event = new Type('Event')
  .add(new Field('wallTime', 1, 'double'))
  .add(new Field('step', 2, 'int64'))
  .add(new Field('fileVersion', 3, 'string'))
  .add(new Field('summary', 5, 'Summary'));
const root = new Root();
for (const type of [image, value, summary, event]) root.add(type);

/** An event as the bytes of its protocol buffer. */
export function encodeEvent({ step = 0, ...given }: TensorBoardEvent): Uint8Array {
  // What has its default value is left out, as in all of protocol buffers' third version.
  return event.encode(event.fromObject({ ...given, ...(step !== 0 && { step }) })).finish();
}
