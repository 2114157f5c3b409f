/** Renders the messages of the chat. */

import { showAction } from "./action.js";
import { div, make, makeButton, makeIcon, makeIconButton, page } from "./elements.js";
import { makeKeyboard } from "./keyboard.js";
import { send } from "./sending.js";
import { post } from "./server.js";
import { language, translate } from "./texts.js";

const BOT = "attrai";
const IMAGE_NAME = /\.(avif|bmp|gif|jpe?g|png|webp)$/i;
/** Splits a text so that every part with an odd index is a URL or a command. */
const CLICKABLE = /(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)]|(?<![\p{L}\p{N}_/@<>])\/[a-z0-9_]+(?![\p{L}\p{N}_/@<>]))/u;

/** The messages in the chat: id -> {message, article}. */
const shown = new Map();

/** Shows a message, in place of its earlier version if there is one. */
export function show(message) {
  const article = makeArticle(message);
  const earlier = shown.get(message.id);
  if (earlier) earlier.article.replaceWith(article);
  else bubbleFor(message).append(article);
  shown.set(message.id, { message, article });
  if (!earlier && message.from === "bot") showAction(null);
}

/** Returns the bubble for a new message: its album's, or else a new one. */
function bubbleFor(message) {
  const last = page.messages.lastElementChild;
  if (message.album && last?.dataset.album === message.album) return last.firstChild;
  const row = Object.assign(div(`row ${message.from}`, div("bubble")), { tabIndex: -1 });
  if (message.album) row.dataset.album = message.album;
  row.classList.toggle("new", message.from === "bot" && page.messages.ariaBusy !== "true");
  page.messages.append(row);
  return row.firstChild;
}

export function remove(id) {
  const row = shown.get(id)?.article.closest(".row");
  shown.get(id)?.article.remove();
  shown.delete(id);
  if (row && !row.querySelector("article")) row.remove();
}

export function clear() {
  page.messages.replaceChildren();
  shown.clear();
}

/** Renders all messages again, after a change of language. */
export function rerenderMessages() {
  for (const { message } of [...shown.values()]) show(message);
}

function makeArticle(message) {
  const { photo, document: file, forwarded, reply_to: answered, text = message.caption } = message;
  return make("article", { id: `m${message.id}`, className: photo && !text ? "bare" : "" },
    forwarded && div("forwarded", translate("forwarded", forwarded)),
    answered && makeQuote(answered),
    photo && makePicture(photo, text, message),
    file && makeDocument(file, text),
    div("words",
      text && make("span", { className: "text" }, ...makeClickable(text)),
      makeFooter(message)),
    makeKeyboard(message));
}

function makePicture(url, caption, { width, height, spoiler } = {}) {
  const image = make("img", { src: url, alt: caption || translate("photo") });
  if (width) Object.assign(image, { width, height });
  const picture = makeButton("picture", () => {
    if (!picture.classList.contains("spoiler")) return enlarge(url, caption);
    picture.classList.remove("spoiler");
    picture.title = "";
  }, image);
  if (spoiler) {
    picture.classList.add("spoiler");
    picture.title = translate("reveal");
  }
  return picture;
}

function makeDocument({ url, name, size }, caption) {
  const picture = IMAGE_NAME.test(name) && makePicture(url, caption || name);
  if (picture) picture.firstChild.onerror = () => picture.remove();
  return div("file", picture,
    make("a", { className: "document", href: url, download: name },
      makeIcon("file"),
      make("span", {}, make("b", {}, name), make("small", {}, bytes(size))),
      makeIcon("download")));
}

function makeQuote(id) {
  const original = shown.get(id)?.message;
  const sender = original?.from === "bot" ? BOT : translate("you");
  const quote = makeButton("quote", () => reveal(id),
    original?.photo && !original.spoiler && make("img", { src: original.photo, alt: "" }),
    make("span", {}, original && make("b", {}, sender), make("span", {}, excerpt(original))));
  return Object.assign(quote, { title: translate("showOriginal") });
}

function excerpt(message) {
  if (!message) return translate("deleted");
  return message.text ?? message.caption ?? message.document?.name ?? translate("photo");
}

/** Deletes a message and the rest of its album. */
function deleteBubble(id) {
  for (const { id: name } of shown.get(id).article.parentElement.children) {
    post("/page/delete", { id: Number(name.slice(1)) });
  }
}

function makeFooter({ id, from, date, edited }) {
  const time = new Date(date * 1000);
  return make("footer", {},
    from === "user" && makeIconButton("bin", translate("delete"), () => deleteBubble(id)),
    edited && make("span", { className: "edited" }, translate("edited")),
    make("time", { dateTime: time.toISOString(), title: time.toLocaleString(language) },
      time.toLocaleTimeString(language, { timeStyle: "short" })));
}

function makeClickable(text) {
  return text.split(CLICKABLE).map((part, index) => {
    if (index % 2 === 0) return part;
    if (part.startsWith("/")) return makeButton("command", () => send({ text: part }), part);
    return make("a", { href: part, target: "_blank", rel: "noreferrer" }, part);
  });
}

function bytes(size) {
  const exponent = size < 1e3 ? 0 : size < 1e6 ? 1 : 2;
  const unit = ["byte", "kilobyte", "megabyte"][exponent];
  const style = { style: "unit", unit, maximumFractionDigits: exponent === 2 ? 1 : 0 };
  return new Intl.NumberFormat(language, style).format(size / 1000 ** exponent);
}

/** Scrolls to a message and highlights it briefly. */
function reveal(id) {
  const row = shown.get(id)?.article.closest(".row");
  if (!row) return;
  row.scrollIntoView({ block: "center" });
  row.focus({ preventScroll: true });
  row.onanimationend = () => row.classList.remove("found");
  row.classList.add("found");
}

function enlarge(url, caption = "") {
  Object.assign(page.enlarged, { src: url, alt: caption || translate("picture") });
  Object.assign(page.original, { href: url, download: "" });
  page.caption.textContent = caption;
  page.viewer.showModal();
}

page.viewer.addEventListener("click", (event) => event.target.closest("a") ?? page.viewer.close());
