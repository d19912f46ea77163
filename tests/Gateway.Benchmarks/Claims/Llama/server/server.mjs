// node server.mjs --model FILE [--port 0] [--name NAME] [--slots N] [--context TOKENS] [--batch TOKENS] [--passes N]
// A server around llama.cpp (the npm package node-llama-cpp) that speaks as llama.cpp's own does: chat completions, /health, /v1/models, /metrics.
// Every slot is a sequence of one context and keeps its tokens: a request goes to the free slot with the longest common beginning, and waits when none is free.
// --passes makes it slower by computing what is new of a prompt that many times. All time is what llama.cpp takes. Prints READY and its address.
// /__sim/stats and /__sim/reset are the paths by which `compare` and `llama` read their model servers and empty their caches.
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { getLlama, LlamaLogLevel, TokenBias } from 'node-llama-cpp';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' }, port: { type: 'string', default: '0' }, name: { type: 'string', default: 'demo-small' }, slots: { type: 'string', default: '4' },
    context: { type: 'string', default: '2048' }, batch: { type: 'string', default: '512' }, passes: { type: 'string', default: '1' },
  },
});
const count = (name) => {
  const value = Number(options[name]);
  if (!Number.isInteger(value) || value < 1) {
    throw new Error(`--${name} is '${options[name]}'; it must be a whole number of at least 1.`);
  }
  return value;
};
const [slotCount, contextSize, batchSize, passes] = [count('slots'), count('context'), count('batch'), count('passes')];

// As llama.cpp's server: a slot is taken for what it holds if that is a tenth of the prompt, else the one not used for longest.
const leastSimilarity = 0.1;

// One thread each, for many servers share few cores; without flash attention, which is slower for heads as small as those of tiny models.
const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, maxThreads: 1, logLevel: LlamaLogLevel.error });
const model = await llama.loadModel({ modelPath: options.model, gpuLayers: 0 });
const context = await model.createContext({ sequences: slotCount, contextSize, batchSize, threads: 1, flashAttention: false, ignoreMemorySafetyChecks: true });
const slots = Array.from({ length: slotCount }, () => ({ sequence: context.getSequence(), usedAt: 0, isFree: true }));
const noEnd = new TokenBias(model.tokenizer).set(model.tokens.eos, 'never');
const waiting = [];
const totals = { prompt: 0, cached: 0, predicted: 0 };
const sim = { answered: 0, busy_seconds: 0, prefix_query_tokens: 0, prefix_hit_tokens: 0 };
let running = 0;
let busySince = 0;
let clock = 0;

function begin() {
  if (running++ === 0) {
    busySince = performance.now();
  }
}

function end() {
  if (--running === 0) {
    sim.busy_seconds += (performance.now() - busySince) / 1000;
  }
}

function commonBeginning(one, other) {
  const most = Math.min(one.length, other.length);
  let length = 0;
  while (length < most && one[length] === other[length]) {
    length++;
  }
  return length;
}

function pickSlot(tokens) {
  let [longest, kept, oldest] = [null, 0, null];
  for (const slot of slots.filter((one) => one.isFree)) {
    const length = commonBeginning(slot.sequence.contextTokens, tokens);
    if (length > kept) {
      [longest, kept] = [slot, length];
    }
    oldest = oldest === null || slot.usedAt < oldest.usedAt ? slot : oldest;
  }
  return kept > leastSimilarity * tokens.length ? longest : oldest;
}

function serveNext() {
  while (waiting.length > 0 && slots.some((slot) => slot.isFree)) {
    const request = waiting.shift();
    const slot = pickSlot(request.tokens);
    slot.isFree = false;
    begin();
    answer(request, slot.sequence).catch((error) => request.fail(error)).finally(() => {
      end();
      [slot.isFree, slot.usedAt] = [true, ++clock];
      serveNext();
    });
  }
}

async function keepOnly(sequence, length) {
  if (sequence.nextTokenIndex > length) {
    await sequence.eraseContextTokenRanges([{ start: length, end: sequence.nextTokenIndex }]);
  }
}

async function answer(request, sequence) {
  const { tokens } = request;

  // The last token is computed always: the first of the answer comes of it.
  await keepOnly(sequence, Math.min(commonBeginning(sequence.contextTokens, tokens), tokens.length - 1));
  const cached = sequence.nextTokenIndex;
  const fresh = tokens.slice(cached);
  for (let pass = 1; pass < passes && !request.isGone; pass++) {
    await sequence.evaluateWithoutGeneratingNewTokens(fresh);
    await keepOnly(sequence, cached);
  }
  if (request.isGone) {
    return;
  }
  const said = [];
  let finish = 'length';
  for await (const token of sequence.evaluate(fresh, { temperature: 0, tokenBias: request.ignoreEnd ? noEnd : undefined, yieldEogToken: true })) {
    if (said.length === 0) {
      [totals.prompt, totals.cached] = [totals.prompt + fresh.length, totals.cached + cached];
      [sim.prefix_query_tokens, sim.prefix_hit_tokens] = [sim.prefix_query_tokens + tokens.length, sim.prefix_hit_tokens + cached];
    }
    if (model.isEogToken(token)) {
      finish = 'stop';
      break;
    }
    said.push(token);
    totals.predicted++;

    // A token can be part of a character; clients count events as tokens, so each has a text.
    request.say(model.detokenize([token], false, said.slice(-5, -1)) || '\ufffd');
    if (request.isGone || said.length >= request.most) {
      break;
    }
  }
  sim.answered += request.isGone ? 0 : 1;
  request.done(finish, {
    prompt_tokens: tokens.length, completion_tokens: said.length, total_tokens: tokens.length + said.length, prompt_tokens_details: { cached_tokens: cached },
  });
}

function send(response, status, body, type = 'application/json') {
  response.writeHead(status, { 'content-type': type }).end(typeof body === 'string' ? body : JSON.stringify(body));
}

const refuse = (response, status, type, message) => send(response, status, { error: { code: status, type, message } });

async function read(message) {
  const parts = [];
  for await (const part of message) {
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

async function complete(message, response) {
  let asked;
  try {
    asked = JSON.parse(await read(message));
  } catch {
    return refuse(response, 400, 'invalid_request_error', 'The body is not JSON.');
  }
  if (!Array.isArray(asked.messages) || asked.messages.length === 0) {
    return refuse(response, 400, 'invalid_request_error', "'messages' must be a list with one message or more.");
  }
  const text = asked.messages.map(({ role, content }) => `<|${role}|>${typeof content === 'string' ? content : JSON.stringify(content)}`).join('');
  const tokens = model.tokenize(`${text}<|assistant|>`);
  const most = asked.max_completion_tokens ?? asked.max_tokens ?? 128;
  if (tokens.length + most > contextSize) {
    return refuse(response, 400, 'exceed_context_size_error', `The prompt has ${tokens.length} tokens and the answer up to ${most}; a slot holds ${contextSize}.`);
  }
  const request = { tokens, most, ignoreEnd: asked.ignore_eos === true, isGone: false, ...(asked.stream ? streamed(asked, response) : whole(response)) };
  response.on('close', () => {
    request.isGone = true;
    const place = waiting.indexOf(request);
    if (place >= 0) {
      waiting.splice(place, 1);
    }
  });
  waiting.push(request);
  serveNext();
}

const identity = () => ({ id: `chatcmpl-${++clock}`, created: Math.floor(Date.now() / 1000), model: options.name });

function streamed(asked, response) {
  const head = { ...identity(), object: 'chat.completion.chunk' };
  const event = (body) => response.write(`data: ${JSON.stringify({ ...head, ...body })}\n\n`);
  const choice = (delta, reason = null) => event({ choices: [{ index: 0, delta, finish_reason: reason }] });
  return {
    say(text) {
      if (!response.headersSent) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        choice({ role: 'assistant', content: null });
      }
      choice({ content: text });
    },
    done(reason, usage) {
      choice({}, reason);
      if (asked.stream_options?.include_usage) {
        event({ choices: [], usage });
      }
      response.end('data: [DONE]\n\n');
    },
    fail: (error) => response.headersSent ? response.destroy() : refuse(response, 500, 'server_error', error.message),
  };
}

function whole(response) {
  let text = '';
  return {
    say(part) {
      text += part;
    },
    done: (reason, usage) => send(response, 200, {
      ...identity(), object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: reason }], usage,
    }),
    fail: (error) => refuse(response, 500, 'server_error', error.message),
  };
}

function metrics() {
  const lines = [
    ['prompt_tokens_total', 'counter', totals.prompt, 'Number of prompt tokens processed.'],
    ['tokens_predicted_total', 'counter', totals.predicted, 'Number of generation tokens processed.'],
    ['requests_processing', 'gauge', running, 'Number of requests processing.'],
    ['requests_deferred', 'gauge', waiting.length, 'Number of requests deferred.'],
  ];
  return lines.map(([name, type, value, help]) => `# HELP llamacpp:${name} ${help}\n# TYPE llamacpp:${name} ${type}\nllamacpp:${name} ${value}\n`).join('');
}

async function reset(response) {
  if (running + waiting.length > 0) {
    return refuse(response, 409, 'busy', 'Requests are being answered; a reset would not empty their slots.');
  }
  for (const slot of slots) {
    await slot.sequence.clearHistory();
  }
  Object.keys(sim).forEach((name) => sim[name] = 0);
  return send(response, 200, {});
}

const paths = {
  'POST /v1/chat/completions': complete,
  'GET /health': (_, response) => send(response, 200, { status: 'ok' }),
  'GET /v1/models': (_, response) => send(response, 200, { object: 'list', data: [{ id: options.name, object: 'model', created: 0, owned_by: 'llamacpp' }] }),
  'GET /metrics': (_, response) => send(response, 200, metrics(), 'text/plain; version=0.0.4'),
  'GET /__sim/stats': (_, response) => send(response, 200, { ...sim, running, waiting: waiting.length }),
  'POST /__sim/reset': (_, response) => reset(response),
};

const server = createServer((message, response) => {
  const handle = paths[`${message.method} ${message.url.split('?')[0]}`];
  return handle ? handle(message, response) : refuse(response, 404, 'not_found_error', `There is no ${message.method} ${message.url} here.`);
});

// Connections of a proxy may stay idle for as long as it likes: one closed while a request is under way would look like a failure of the server.
server.keepAliveTimeout = 0;
server.requestTimeout = 0;
process.on('SIGTERM', () => process.exit(0));
server.listen(Number(options.port), '127.0.0.1', () => console.log(`READY http://127.0.0.1:${server.address().port}`));
