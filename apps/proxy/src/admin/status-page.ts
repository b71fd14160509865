/** The status page: one document that reads the API every two seconds. */
import { statusPageScript } from './status-page-script.ts';
import { statusPageStyle } from './status-page-style.ts';

export const statusPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Headgate</title>
<style>
${statusPageStyle}</style>
<header><h1>Headgate</h1><p id="state">loading</p></header>
<div id="edge"></div>
<main id="services"></main>
<div id="cache"></div>
<nav><a href="/metrics">metrics</a><a href="/api/services">services as JSON</a><a href="/api/cache">cache</a><a href="/api/config">config</a><a href="/api/audit">audit</a><a href="/ready">ready</a></nav>
<script>${statusPageScript}</script>
</html>
`;
