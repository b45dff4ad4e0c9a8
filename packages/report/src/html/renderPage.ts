import { printable } from '@protocl/core';

import type { PageData } from '../pageData.js';
import { embedJson, escapeHtml } from './embedJson.js';
import { pageAssets, scriptHash } from './pageAssets.js';

/**
 * The page as one HTML file. Its policy lets run the scripts of this package and nothing else, and
 * lets nothing be fetched; a page that follows a run may listen to the server that it comes from.
 */
export async function renderPage(data: PageData): Promise<string> {
  const { style, scripts } = await pageAssets();
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.map(scriptHash).join(' ')}`,
    "style-src 'unsafe-inline'",
    'img-src data:',
    ...(data.live ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const title = escapeHtml(printable(data.runs.map(({ name }) => name).join(', ') || 'no run'));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${title} - protocl</title>
<style>${style}</style>
</head>
<body>
<header><h1 title="${title}">${title}</h1><nav id="sections"></nav><button id="theme" type="button">light or dark</button></header>
<main id="main"><noscript>This report draws its figures by JavaScript; they are in the folder figures beside it, too.</noscript></main>
<script type="application/json" id="data">${embedJson(data)}</script>
${scripts.map((script) => `<script>${script}</script>`).join('\n')}
</body>
</html>
`;
}
