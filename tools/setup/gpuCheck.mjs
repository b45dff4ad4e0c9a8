import { startTool } from './startTool.mjs';

await startTool('gpu-check');
