/**
 * Colours, light and dark. Those of lines follow Okabe and Ito, which people with colour-blindness
 * tell apart, in shades that have a contrast of 3:1 with the panel; text has 4.5:1.
 */

const light = `
  color-scheme: light;
  --page: #f6f7f9; --panel: #ffffff; --field: #ffffff; --button: #ffffff; --hover: #eef0f4; --pressed: #e6e9ef;
  --text: #1b1f27; --muted: #5c6575; --line: #e2e5ea; --line-soft: #eff1f4; --line-strong: #cdd2da;
  --grid: #eceef2; --shade: rgba(213, 63, 24, 0.13); --mark: #7a3fa0; --select: rgba(10, 108, 196, 0.13);
  --accent: #0a6cc4; --focus: #0a6cc4;
  --bad-text: #b3261e; --bad-soft: #fdf0ee; --bad-line: #efc1bb; --bad-solid: #b3261e; --good-text: #0b6b45;
  --warn-text: #7a4b00; --warn-soft: #fff6e3; --warn-line: #ecd297;
  --blue: #0a6cc4; --sky: #3292cc; --green: #00845c; --orange: #c47400; --red: #cf3f12; --purple: #8a4fb0;
  --yellow: #94850a; --grey: #737d8c; --pink: #c2508f; --brown: #7d5a3c;
  --heat: linear-gradient(90deg, #e3eefb, #a9cdf3, #5ba3e6, #1c6fc9, #0b3d91, #2a0f55);
`;

const dark = `
  color-scheme: dark;
  --page: #0e1116; --panel: #161a21; --field: #0e1116; --button: #1d222b; --hover: #232936; --pressed: #2c3443;
  --text: #e6e9ef; --muted: #98a2b3; --line: #262c37; --line-soft: #1f252e; --line-strong: #39414f;
  --grid: #232933; --shade: rgba(255, 110, 70, 0.17); --mark: #cf9bf0; --select: rgba(88, 166, 255, 0.2);
  --accent: #58a6ff; --focus: #79b8ff;
  --bad-text: #ff8f80; --bad-soft: #2c1815; --bad-line: #5f2c25; --bad-solid: #b8372c; --good-text: #4fd19f;
  --warn-text: #f3c969; --warn-soft: #2a2110; --warn-line: #5b4718;
  --blue: #4d9fff; --sky: #8ad3fa; --green: #35c290; --orange: #f0a53a; --red: #ff7350; --purple: #c597ec;
  --yellow: #dfd25a; --grey: #98a2b3; --pink: #f08fc0; --brown: #c29b77;
  --heat: linear-gradient(90deg, #152238, #1b3f73, #2170b8, #3fb0d6, #a6e3c4, #fdf6b2);
`;

export const themeStyle = `
:root { ${light} }
@media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) { ${dark} } }
:root[data-theme="dark"] { ${dark} }
`;
