// Echo over HTTP: Node's own server and client with their OpenTelemetry instrumentation.
'use strict';

const { seen, addNext, ready, onStop } = require('./seen');
const http = require('node:http');

// How long a call to the far end may take, in milliseconds.
const LIMIT = 10_000;

async function bodyOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function post(url, headers, body) {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers, timeout: LIMIT };
    const request = http.request(url, options, async (response) => {
      try {
        const answer = await bodyOf(response);
        if (response.statusCode !== 200) throw new Error(`it answered ${response.statusCode}`);
        resolve(JSON.parse(answer));
      } catch (error) {
        reject(error);
      }
    });
    request.on('timeout', () => request.destroy(new Error('it is too slow')));
    request.on('error', reject);
    request.end(body);
  });
}

function run(host, port, forward) {
  const server = http.createServer(async (request, response) => {
    if (request.method !== 'POST' || request.url !== '/echo') {
      return response.writeHead(404).end();
    }
    try {
      const answer = seen(request.headersDistinct);
      const body = await bodyOf(request);
      if (forward) {
        // As a service would: the id goes along by hand, the trace by the instrumentation.
        const id = request.headersDistinct['x-request-id'];
        addNext(answer, await post(forward, id ? { 'x-request-id': id } : {}, body));
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    } catch (error) {
      response.writeHead(502).end(`POST ${forward}: ${error.message}\n`);
    }
  });
  server.listen(port, host, () => ready(host, server.address().port));
  onStop((done) => {
    server.close(done);
    server.closeIdleConnections();
  });
}

module.exports = { run };
