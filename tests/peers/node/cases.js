// Calls that end as they are asked to, and a client that makes them.
'use strict';

const grpc = require('@grpc/grpc-js');

const SERVICE = 'throughline.interop.v1.Cases';

// How long a call may take that nobody ends, in milliseconds.
const LIMIT = 10_000;

// The definitions of the methods, with messages that are texts.
function definition(encode, decode) {
  const method = (name, responseStream = false) => ({
    path: `/${SERVICE}/${name}`,
    requestStream: false,
    responseStream,
    requestSerialize: encode,
    requestDeserialize: decode,
    responseSerialize: encode,
    responseDeserialize: decode,
  });
  return {
    Unary: method('Unary'),
    Stream: method('Stream', true),
    Run: method('Run'),
  };
}

const status = (code) => Object.assign(new Error('as it was told'), { code, details: 'as it was told' });

function handlers(next) {
  return {
    Unary(call, reply) {
      const ask = JSON.parse(call.request);
      if (ask.wait) return call.on('cancelled', () => reply(status(grpc.status.CANCELLED)));
      if (ask.code) return reply(status(ask.code));
      reply(null, 'x'.repeat(ask.size ?? 0));
    },

    Stream(call) {
      const ask = JSON.parse(call.request);
      for (let sent = 0; sent < (ask.messages ?? 0); sent += 1) call.write('x'.repeat(ask.size ?? 0));
      // A stream that waits is ended by who reads it.
      if (ask.wait) return call.sendMetadata(new grpc.Metadata());
      if (ask.code) return call.emit('error', status(ask.code));
      call.end();
    },

    // Makes calls, and ends with the one under way when its own caller leaves.
    async Run(call, reply) {
      try {
        const order = JSON.parse(call.request);
        const result = { codes: [], messages: [] };
        for (let n = 0; n < (order.times ?? 1); n += 1) {
          const { code, count } = await once(next, order, call);
          result.codes.push(code);
          result.messages.push(count);
        }
        reply(null, JSON.stringify(result));
      } catch (error) {
        reply(error);
      }
    },
  };
}

// Makes one call, and counts the messages that come.
function once(next, order, caller) {
  const metadata = new grpc.Metadata();
  for (const [key, value] of order.metadata ?? []) {
    metadata.add(key, key.endsWith('-bin') ? Buffer.from(value) : value);
  }
  metadata.set('x-sent-us', String(Date.now() * 1000));
  const options = { deadline: Date.now() + (order.deadline_ms ?? LIMIT) };
  const text = JSON.stringify(order.ask);
  return new Promise((resolve) => {
    let call;
    let count = 0;
    const cancel = () => call.cancel();
    const done = (code) => {
      caller.off('cancelled', cancel);
      resolve({ code, count });
    };
    caller.on('cancelled', cancel);
    if (order.method !== 'Stream') {
      call = next[order.method](text, metadata, options, (error) => {
        count = error ? 0 : 1;
        done(error ? error.code : grpc.status.OK);
      });
      return;
    }
    call = next.Stream(text, metadata, options);
    call.on('data', () => {
      count += 1;
      if (order.leave) call.cancel();
    });
    call.on('error', (error) => done(error.code));
    call.on('end', () => {});
    call.on('status', (end) => end.code === grpc.status.OK && done(end.code));
  });
}

// Serves the cases; `forward` is whom its calls go to.
function serve(server, forward, encode, decode) {
  const methods = definition(encode, decode);
  const Client = grpc.makeGenericClientConstructor(methods, 'Cases');
  const next = forward && new Client(forward, grpc.credentials.createInsecure());
  server.addService(methods, handlers(next));
}

module.exports = { serve };
