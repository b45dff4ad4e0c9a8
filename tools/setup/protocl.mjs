import { startTool } from './startTool.mjs';

await startTool('protocl');
