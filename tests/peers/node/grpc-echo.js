// Echo over gRPC: @grpc/grpc-js with its OpenTelemetry instrumentation.
'use strict';

const { seen, addNext, ready, onStop } = require('./seen');
const grpc = require('@grpc/grpc-js');
const cases = require('./cases');

const PATH = '/throughline.interop.v1.Echo/Call';

// How long a call to the far end may take, in milliseconds.
const LIMIT = 10_000;

// A StringValue: field 1, with its length as a varint.
function encode(text) {
  const data = Buffer.from(text);
  if (data.length === 0) return data;
  const head = [0x0a];
  let length = data.length;
  for (; length > 0x7f; length >>>= 7) head.push((length & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...head, length]), data]);
}

function decode(message) {
  if (message.length === 0) return '';
  if (message[0] !== 0x0a) throw new Error('not a StringValue');
  let [at, length, shift] = [1, 0, 0];
  for (let more = true; more; at += 1, shift += 7) {
    length |= (message[at] & 0x7f) << shift;
    more = message[at] > 0x7f;
  }
  if (at + length !== message.length) throw new Error('not a StringValue');
  return message.toString('utf8', at);
}

const definition = {
  Call: {
    path: PATH,
    requestStream: false,
    responseStream: false,
    requestSerialize: encode,
    requestDeserialize: decode,
    responseSerialize: encode,
    responseDeserialize: decode,
  },
};

// Every value of each key. One of a `-bin` key is shown as it was on the wire.
function metadataOf(metadata) {
  const all = {};
  for (const key of Object.keys(metadata.getMap())) {
    all[key] = metadata.get(key).map((value) =>
      Buffer.isBuffer(value) ? value.toString('base64').replace(/=+$/, '') : value,
    );
  }
  return all;
}

function run(host, port, forward) {
  const Client = grpc.makeGenericClientConstructor(definition, 'Echo');
  const next = forward && new Client(forward, grpc.credentials.createInsecure());

  const server = new grpc.Server();
  server.addService(definition, {
    Call(call, reply) {
      const answer = seen(metadataOf(call.metadata));
      if (!next) return reply(null, JSON.stringify(answer));
      // As a service would: the id goes along by hand, the trace by the instrumentation.
      const ids = new grpc.Metadata();
      for (const value of call.metadata.get('x-request-id')) ids.add('x-request-id', value);
      next.Call(call.request, ids, { deadline: Date.now() + LIMIT }, (error, far) => {
        if (error) return reply(error);
        reply(null, JSON.stringify(addNext(answer, JSON.parse(far))));
      });
    },
  });
  cases.serve(server, forward, encode, decode);
  server.bindAsync(`${host}:${port}`, grpc.ServerCredentials.createInsecure(), (error, bound) => {
    if (error) throw error;
    ready(host, bound);
  });
  onStop((done) => server.tryShutdown(done));
}

module.exports = { run };
