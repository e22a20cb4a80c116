// A peer in Node for the tests of examples/interop: echo services with official instrumentation.
'use strict';

const { parseArgs } = require('node:util');

const USAGE = 'usage: peer-node grpc|http [--listen ADDR] [--forward ADDR]';

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      version: { type: 'boolean' },
      listen: { type: 'string', default: '127.0.0.1:0' },
      forward: { type: 'string' },
    },
  });
  if (values.version) {
    console.log(`grpc-js ${require('@grpc/grpc-js/package.json').version}`);
    return;
  }
  const [, host, port] = /^(.+):(\d+)$/.exec(values.listen) ?? [];
  const known = ['grpc', 'http'].includes(positionals[0]) && positionals.length === 1;
  if (!known || !host) throw new Error(USAGE);
  require(`./${positionals[0]}-echo`).run(host, Number(port), values.forward);
}

try {
  main();
} catch (error) {
  console.error(`peer-node: ${error.message}`);
  process.exitCode = 2;
}
