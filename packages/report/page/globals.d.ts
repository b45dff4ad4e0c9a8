import type * as EChartsModule from 'echarts';

import type { Figure as FigureType } from '../src/figures/figure.js';
import type * as Page from '../src/pageData.js';
import type * as Input from '../src/reportInput.js';

/** What the scripts of the page share: the library, and the types of the data. */
declare global {
  const echarts: typeof EChartsModule;

  type Chart = EChartsModule.ECharts;
  type Figure = FigureType;
  type PageData = Page.PageData;
  type RunView = Page.RunView;
  type ExtrasView = Page.ExtrasView;
  type SpriteSheet = Input.SpriteSheet;
  type EmbeddingView = Input.EmbeddingView;
  type PrototypeNode = Input.PrototypeNode;
  type Retrieval = Input.Retrieval;
  type PredictionGallery = Input.PredictionGallery;
  type ClusterMontage = Input.ClusterMontage;
  type ScoreTable = Input.ScoreTable;
}
