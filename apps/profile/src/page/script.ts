/** The page's script: the functions of `browser`, by their own source, and the call of the first. */
import { topFunctions } from '../top-list.ts';
import * as layout from './browser/flame-layout.ts';
import * as view from './browser/flame-view.ts';
import * as trees from './browser/merge-trees.ts';
import * as page from './browser/page.ts';
import * as texts from './browser/text.ts';

/**
 * Every one is a function that uses nothing but its arguments, globals of browsers and the other
 * ones, so their sources, put one after another, need no bundler.
 */
const FUNCTIONS = [layout, view, trees, page, texts].flatMap((module) => Object.values(module));

export const pageScript = `'use strict';
${[topFunctions, ...FUNCTIONS].map(String).join('\n')}
startPage();
`;
