// Describes the interface from its own description, and sends a photo through it.

const element = (id) => document.getElementById(id);

const api = await (await fetch("openapi.json")).json();
describe();
element("try").addEventListener("submit", (event) => {
  event.preventDefault();
  rate();
});

function describe() {
  element("about").textContent = api.info.description;
  element("key-row").hidden = api.security.length === 0;
  const send = api.paths["/v1/photos"].post;
  const { schema } = send.parameters.find((parameter) => parameter.name === "renderer");
  for (const name of schema.enum) {
    element("renderer").add(new Option(name, name, name === schema.default));
  }
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, request] of Object.entries(methods)) {
      addRequest(method.toUpperCase(), path, request);
    }
  }
}

function addRequest(method, path, request) {
  const title = document.createElement("dt");
  title.textContent = `${method} ${path}`;
  const text = document.createElement("dd");
  text.append(...withCode(`${request.summary}. ${request.description ?? ""}`));
  const list = document.createElement("dd");
  request.parameters.forEach((parameter, number) => {
    list.append(number ? ", " : `Parameters: `, code(parameter.name), ` (${parameter.in})`);
  });
  element("requests").append(title, text, list);
}

// Return the parts of a text in Markdown, of which nothing but code between backticks is used.
function withCode(text) {
  return text.split("`").map((part, number) => (number % 2 ? code(part) : part));
}

function code(text) {
  const made = document.createElement("code");
  made.textContent = text;
  return made;
}

async function rate() {
  const form = new FormData();
  form.append("photo", element("photo").files[0]);
  const query = new URLSearchParams({ renderer: element("renderer").value, wait: "60" });
  show("Rating the photo…");
  const photo = await ask(`v1/photos?${query}`, { method: "POST", body: form });
  if (photo === null) return;
  element("result").textContent = JSON.stringify(photo, null, 2);
  element("result").hidden = false;
  if (photo.state !== "done") {
    element("status").textContent = `Still being processed: ask for ${photo.links.self}.`;
    return;
  }
  const picture = await request(photo.links.picture.slice(1));
  element("picture").src = URL.createObjectURL(await picture.blob());
  element("picture").hidden = false;
  element("status").textContent = "Done. The picture is fetched, and so the server has deleted it.";
}

// Return the content of an answer, or null after showing what is wrong.
async function ask(path, options) {
  const answer = await request(path, options);
  const content = await answer.json();
  if (answer.ok) return content;
  show(`${answer.status} ${content.code}: ${content.detail}`);
  return null;
}

function request(path, options = {}) {
  const headers = { Accept: "application/json" };
  const key = element("key").value;
  if (key) headers.Authorization = `Bearer ${key}`;
  return fetch(path, { ...options, headers });
}

function show(text) {
  element("status").textContent = text;
  element("picture").hidden = element("result").hidden = true;
}
