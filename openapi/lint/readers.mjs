// Prints YAML files as JSON, once as YAML 1.1 has it and once as YAML 1.2: an object with both for each file.
//
// Usage: node readers.mjs FILE…, beside the folder `node_modules` that holds the package yaml.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { isScalar, parseDocument, visit } = createRequire(`${process.cwd()}/`)('yaml');

function tree(text, options) {
  const document = parseDocument(text, { ...options, keepSourceTokens: true });
  if (document.errors.length > 0) {
    throw document.errors[0];
  }
  // JSON would make text of whatever a key is.
  visit(document, {
    Pair(_, { key }) {
      if (isScalar(key) && typeof key.value !== 'string') {
        key.value = `a key that is no text: ${key.source}`;
      }
    },
  });
  return document.toJS();
}

const trees = {};
for (const file of process.argv.slice(2)) {
  const text = readFileSync(file, 'utf8');
  trees[file] = {
    'yaml 1.1': tree(text, { version: '1.1', schema: 'yaml-1.1' }),
    'yaml 1.2': tree(text, { version: '1.2', schema: 'core' }),
  };
}
process.stdout.write(JSON.stringify(trees));
