/** Draws inline keyboards, and shows the bot's answers to presses. */

import { div, make, makeButton, page } from "./elements.js";
import { post } from "./server.js";

/** Milliseconds that an answer is shown unless it is an alert. */
const ANSWER_MS = 4000;

/** The buttons that wait for an answer: id of the press -> button. */
const waiting = new Map();
/** Answers that came before the request of their press ended. */
const early = new Set();
let answerEnd;

/** Creates the rows of buttons under a message, or returns undefined without any. */
export function makeKeyboard({ id, buttons }) {
  return buttons && div("keyboard", ...buttons.map((row) =>
    div("buttons", ...row.map((button) => (button.url ? makeLink(button) : makeKey(id, button))))));
}

function makeKey(id, { text, data }) {
  const key = makeButton("key", () => press(id, data, key), text);
  return key;
}

const makeLink = ({ text, url }) =>
  make("a", { className: "key", href: url, target: "_blank", rel: "noreferrer" }, `${text} ↗`);

async function press(id, data, key) {
  key.ariaBusy = "true";
  const answer = await post("/page/press", { id, data }).catch(() => null);
  const { press: number } = answer?.ok ? await answer.json() : {};
  if (number === undefined || early.delete(number)) key.ariaBusy = "false";
  else waiting.set(number, key);
}

/** Shows the bot's answer to a press. */
export function showAnswer({ press: number, text, alert }) {
  if (waiting.has(number)) waiting.get(number).ariaBusy = "false";
  else early.add(number);
  waiting.delete(number);
  if (!text) return;
  if (alert) {
    page.alertText.textContent = text;
    page.alert.showModal();
    return;
  }
  clearTimeout(answerEnd);
  page.toast.textContent = text;
  page.toast.hidden = false;
  answerEnd = setTimeout(() => { page.toast.hidden = true; }, ANSWER_MS);
}

page.alertClose.addEventListener("click", () => page.alert.close());
