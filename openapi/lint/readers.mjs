// Prints YAML files as JSON, once as YAML 1.1 has it and once as YAML 1.2: an object with both for each file.
//
// Usage: node readers.mjs FILE…, beside the folder `node_modules` that holds the package yaml.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// Whatever is wrong, one line says it.
function stop(words) {
  process.stderr.write(`${words}\n`);
  process.exit(1);
}

let yaml;
try {
  yaml = createRequire(`${process.cwd()}/`)('yaml');
} catch {
  stop(`the package yaml is not below ${process.cwd()}`);
}
const { isScalar, parseDocument, visit } = yaml;

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
  try {
    const text = readFileSync(file, 'utf8');
    trees[file] = {
      'yaml 1.1': tree(text, { version: '1.1', schema: 'yaml-1.1' }),
      'yaml 1.2': tree(text, { version: '1.2', schema: 'core' }),
    };
  } catch (error) {
    const place = error.linePos ? `:${error.linePos[0].line}:${error.linePos[0].col}` : '';
    stop(`${file}${place}: ${String(error.message).split('\n')[0]}`);
  }
}
process.stdout.write(JSON.stringify(trees));
