// node calls.mjs answers|errors|cancel ADDRESS SERVER
// Makes calls with the official library and prints, as one JSON object, what its user gets. SERVER takes fault plans for `errors`.
import OpenAI from 'openai';

const [mode, address, server] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${address}/v1`, apiKey: 'sk-of-the-client', maxRetries: 0 });
const model = 'demo-small';
const messages = [{ role: 'system', content: 'Answer briefly.' }, { role: 'user', content: 'How does a river find the sea?' }];
const parameters = { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } } };
const tools = [{ type: 'function', function: { name: 'forecast', parameters } }];

async function all(stream) {
  const parts = [];
  for await (const part of await stream) {
    parts.push(part);
  }
  return parts;
}

const answers = {
  chat: () => client.chat.completions.create({ model, messages }),
  chatStream: () => all(client.chat.completions.create({ model, messages, stream: true })),
  chatStreamWithCounts: () => all(client.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } })),
  chatAccumulated: () => client.chat.completions.stream({ model, messages }).finalChatCompletion(),
  tool: () => client.chat.completions.create({ model, messages, tools, tool_choice: 'required' }),
  toolStream: () => all(client.chat.completions.create({ model, messages, tools, tool_choice: 'required', stream: true })),
  toolAccumulated: () => client.chat.completions.stream({ model, messages, tools, tool_choice: 'required' }).finalFunctionToolCall(),
  completion: () => client.completions.create({ model, prompt: 'Once upon a time' }),
  completionStream: () => all(client.completions.create({ model, prompt: 'Once upon a time', stream: true })),
  embeddingsAsNumbers: () => client.embeddings.create({ model, input: ['one', 'two'], encoding_format: 'float' }),
  embeddingsAsBase64: () => client.embeddings.create({ model, input: ['one', 'two'], encoding_format: 'base64' }),
  embeddings: () => client.embeddings.create({ model, input: ['one', 'two'] }),
  response: () => client.responses.create({ model, input: 'Hello' }),
  responseStream: () => all(client.responses.create({ model, input: 'Hello', stream: true })),
  responseAccumulated: () => client.responses.stream({ model, input: 'Hello' }).finalResponse(),
  models: async () => (await all(client.models.list())).map((m) => [m.id, m.object, m.created, m.owned_by]),
  model: async () => { const m = await client.models.retrieve(model); return [m.id, m.object, m.created, m.owned_by]; },
};

const chat = () => client.chat.completions.create({ model, messages });
const chatStream = () => all(client.chat.completions.create({ model, messages, stream: true }));
const responseStream = () => all(client.responses.create({ model, input: 'Hello', stream: true }));
const completionStream = () => all(client.completions.create({ model, prompt: 'Hello', stream: true }));

// The call and the fault it meets.
const errors = {
  unknownModel: [() => client.chat.completions.create({ model: 'nope', messages }), ''],
  unknownModelStream: [() => all(client.chat.completions.create({ model: 'nope', messages, stream: true })), ''],
  unknownModelAsked: [() => client.models.retrieve('nope'), ''],
  tooLong: [() => client.chat.completions.create({ model, messages, max_tokens: 1000000 }), ''],
  badRequest: [chat, 'status=400;path=/v1/chat'],
  unauthorized: [chat, 'status=401;path=/v1/chat'],
  forbidden: [chat, 'status=403;path=/v1/chat'],
  failed: [chat, 'status=500;path=/v1/chat'],
  failedStream: [chatStream, 'status=500;path=/v1/chat'],
  cutBody: [chat, 'fin=bytes:40;path=/v1/chat'],
  cutBetweenEvents: [chatStream, 'fin=after:3;path=/v1/chat'],
  resetBetweenEvents: [chatStream, 'rst=after:3;path=/v1/chat'],
  cutInsideAnEvent: [chatStream, 'fin=mid:4;path=/v1/chat'],
  cutResponse: [responseStream, 'fin=after:3;path=/v1/responses'],
  cutCompletion: [completionStream, 'rst=after:3;path=/v1/completions'],
  full: [() => client.embeddings.create({ model, input: 'one' }), 'status=429;retry-after=7;path=/v1/embeddings'],
  fullStream: [responseStream, 'status=429;retry-after=7;path=/v1/responses'],
};

async function failure(call) {
  try {
    await call();
    return { raised: null };
  } catch (error) {
    return {
      raised: error.constructor.name, status: error.status, code: error.code, type: error.type, param: error.param, message: error.message,
      retryAfter: error.headers?.get('retry-after'),
    };
  }
}

const result = {};
if (mode === 'answers') {
  for (const [name, call] of Object.entries(answers)) {
    result[name] = await call();
  }
} else if (mode === 'errors') {
  for (const [name, [call, fault]] of Object.entries(errors)) {
    await fetch(`${server}/__sim/fault`, { method: 'POST', body: fault });
    result[name] = await failure(call);
  }
} else {
  const stream = await client.chat.completions.create({ model, messages, stream: true });
  let parts = 0;
  for await (const part of stream) {
    parts += part.choices.length;
    if (parts === 10) {
      break;
    }
  }
  result.parts = parts;
}

console.log(JSON.stringify(result));
