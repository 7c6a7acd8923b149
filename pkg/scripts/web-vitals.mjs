// Leaves out of `web-vitals` what this package has no use for: soft navigations, an option of that library that is never set
// here, the hooks of its attribution build, and members of a metric that nobody records. What remains is its code as it is. A
// pattern that fits no longer fails the build, so that an update of the library is looked at.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

const NO_SOFT_NAVIGATIONS = [/checkSoftNavsEnabled\(opts\)/g, 'false'];
const NO_SUCH_ENTRY = [/entry\.entryType === '(soft-navigation|interaction-contentful-paint)'/g, 'false'];
const NO_HANDLER = [/const handleSoftNavEntry = [^]*?\n {8}};|handleSoftNavEntry\(entry\);/g, ''];
/** Which navigation a metric belongs to, beyond its type. */
const NO_NAVIGATION = [/, metric\.navigationId, .*, getBFCacheRestoreTime\(\)/g, ''];
const NO_NAVIGATION_PASSED_ON = [/, navigationId, navigationInteractionId, .*, navigationStartTime\)/g, ')'];
const NO_ENTRIES = [/metric\.entries(\.push| = ).*;/g, ''];
/** Two callers with the same options would share it; here there is one. */
const OF_ITS_OWN = [/initUnique\(opts, (\w+)\)/g, 'new $1()'];
const NO_HOOKS = [/(this\.)?_on(Before|After)Process.*;/g, ''];

/** For each file, what is replaced. */
const CUTS = {
  'onCLS.js': [NO_SOFT_NAVIGATIONS, NO_SUCH_ENTRY, NO_HANDLER, NO_NAVIGATION, NO_NAVIGATION_PASSED_ON, NO_ENTRIES, OF_ITS_OWN],
  'onFCP.js': [NO_SOFT_NAVIGATIONS, NO_NAVIGATION, NO_ENTRIES, [/const fcpEntryManager = .*|metric\.navigationId = .*;/g, ''], [/if \(softNavsEnabled\) {[^]*?\n {8}}/g, '']],
  'onINP.js': [NO_SOFT_NAVIGATIONS, NO_SUCH_ENTRY, NO_HANDLER, NO_NAVIGATION, NO_NAVIGATION_PASSED_ON, NO_ENTRIES, OF_ITS_OWN],
  'onLCP.js': [
    ...[NO_SOFT_NAVIGATIONS, NO_SUCH_ENTRY, NO_HANDLER, NO_NAVIGATION, NO_NAVIGATION_PASSED_ON, NO_ENTRIES],
    [/navigation === 'soft-navigation'/g, 'false'],
    [/entry\.entryType === 'largest-contentful-paint'/g, 'true'],
    [/const lcpEntryManager = .*|lcpEntryManager\._processEntry\(.*\);|(let )?metricEntries = .*;/g, ''],
  ],
  'onTTFB.js': [NO_SOFT_NAVIGATIONS, NO_NAVIGATION, NO_ENTRIES],
  'initMetric.js': [[/, navigationId = 0, .*, navigationStartTime\)/g, ')'], [/navigation(Id|InteractionId|URL|StartTime): .*,|const (hardNavId|entries) = .*;|entries,/g, '']],
  'InteractionManager.js': [NO_HOOKS],
  'LayoutShiftManager.js': [NO_HOOKS],
};

/** A plugin for esbuild. */
export const webVitals = {
  name: 'web-vitals',
  setup(build) {
    build.onLoad({ filter: /[\\/]web-vitals[\\/]dist[\\/]modules[\\/].*\.js$/ }, ({ path }) => {
      let contents = readFileSync(path, 'utf8');
      for (const [pattern, replacement] of CUTS[basename(path)] ?? []) {
        const before = contents;
        contents = contents.replace(pattern, replacement);
        if (contents === before) return { errors: [{ text: `scripts/web-vitals.mjs: ${basename(path)} of web-vitals has no ${pattern}: see what its new version does there` }] };
      }
      return { contents, loader: 'js' };
    });
  },
};
