/**
 * The chat page: shows the messages from the event stream, and sends the user's input.
 *
 * The stream is the single source of truth. A sent message is shown as pending until the server
 * has accepted it; then it arrives over the stream like any other.
 */

import { rerenderAction, showAction } from "./action.js";
import { refreshTray, setCommands } from "./composer.js";
import { all, page } from "./elements.js";
import { showAnswer } from "./keyboard.js";
import { clear, remove, rerenderMessages, show } from "./messages.js";
import { send } from "./sending.js";
import { post, user } from "./server.js";
import { language, pageLanguage, setLanguage, translate } from "./texts.js";

function connect() {
  const stream = new EventSource(`/page/events?user=${encodeURIComponent(user)}`);
  const on = (name, react) =>
    stream.addEventListener(name, (event) => react(JSON.parse(event.data)));
  // Each connection starts with the whole history, so the messages of the last one are cleared.
  stream.onopen = () => {
    page.messages.ariaBusy = "true";
    clear();
    showAction(null);
  };
  stream.onerror = () => {
    showAction("connecting");
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
  };
  on("message", show);
  on("edited", show);
  on("deleted", ({ id }) => remove(id));
  on("action", (event) => showAction(event.action));
  on("pressed", showAnswer);
  on("description", ({ description }) => {
    page.description.textContent = description;
    page.description.hidden = !description;
  });
  on("blocked", ({ blocked }) => showBlocked(blocked));
  on("commands", (list) => {
    page.messages.ariaBusy = "false";
    setCommands(list);
  });
}

function showBlocked(blocked) {
  page.blocked.hidden = !blocked;
  page.composer.hidden = page.block.hidden = blocked;
}

function changeLanguage(choice) {
  setLanguage(choice);
  page.language.value = choice;
  document.documentElement.lang = pageLanguage();
  for (const node of all("[data-text]")) node.textContent = translate(node.dataset.text);
  for (const node of all("[data-label]")) {
    node.title = node.ariaLabel = translate(node.dataset.label);
  }
  rerenderMessages();
  rerenderAction();
  refreshTray();
}

const onClick = (node, react) => node.addEventListener("click", react);
onClick(page.start, () => send({ text: "/start" }));
onClick(page.block, () => post("/page/block", { blocked: true }));
onClick(page.unblock, () => post("/page/block", { blocked: false }));
page.language.addEventListener("change", () => changeLanguage(page.language.value));
changeLanguage(language);
connect();
