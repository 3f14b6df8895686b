// Asks once by the official client, and prints as JSON what an application sees.
// node ask.cjs <base URL> <text> [stream]; run it where node_modules is.
const { createRequire } = require("node:module");
const OpenAI = createRequire(`${process.cwd()}/`)("openai");

async function main() {
  const [baseURL, text, stream] = process.argv.slice(2);
  let attempts = 0;
  const client = new OpenAI({
    apiKey: "any",
    baseURL,
    maxRetries: 2,
    fetch: (...call) => {
      attempts += 1;
      return fetch(...call);
    },
  });
  const request = { model: "m", messages: [{ role: "user", content: text }] };
  const seen = { text: "", finish: null, error: null };
  try {
    if (stream) {
      for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) {
        for (const choice of chunk.choices) {
          seen.text += choice.delta.content ?? "";
          seen.finish = choice.finish_reason ?? seen.finish;
        }
      }
    } else {
      const { choices } = await client.chat.completions.create(request);
      seen.text = choices[0].message.content;
      seen.finish = choices[0].finish_reason;
    }
  } catch (error) {
    const { status, code, type, requestID } = error;
    seen.error = {
      name: error.constructor.name,
      denied: error instanceof OpenAI.PermissionDeniedError,
      ...{ status, code, type, requestID },
      body: error.error,
    };
  }
  console.log(JSON.stringify({ ...seen, attempts }));
}

main();
