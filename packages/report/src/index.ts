export { renderReport, type ReportPageOptions } from './renderReport.js';
export { writeReport, type WrittenReport } from './writeReport.js';
export { EXTRAS_FILE, readRun } from './readRun.js';
export { spriteSheet, type SpriteSheetOptions } from './sprites/spriteSheet.js';
export { tileImages, type ImagesShape } from './sprites/tileImages.js';
export { watchRun, type WatchedRun, type WatchOptions } from './watch/watchRun.js';
export { writeTensorBoard, type TensorBoardOptions } from './tensorboard/writeTensorBoard.js';
export { type ProjectedFeatures } from './tensorboard/projector.js';
export type {
  ClusterMontage,
  ConcentrationView,
  ConfusionView,
  EmbeddingView,
  JsonObject,
  JsonValue,
  PointPrototypes,
  PrototypeNode,
  ReportExtras,
  ReportInput,
  RetrievedImage,
  Retrieval,
  PredictionGallery,
  ClassPredictions,
  ScoreRow,
  ScoreTable,
  SpriteSheet,
} from './reportInput.js';
export { type ReportError, type ReportErrorCode } from './errors.js';
