/**
 * The chat page: shows what the event stream says, and sends what a person enters.
 *
 * What the stream tells is the only truth. A message that is sent is shown as pending until the
 * server has taken it; then it comes back over the stream like any other.
 */

const WORDS = {
  en: {
    asFile: "as file", asPhoto: "as photo", attach: "Attach photos or files",
    attached: "Attached files", block: "Block the bot", blocked: "You blocked the bot.",
    caption: "Add a caption…", chat: "Chat with attrai", choose: "Choose a photo", close: "Close",
    commands: "Commands", connecting: "connecting…", delete: "Delete", deleted: "Deleted message",
    discard: "Discard", down: "To the latest message", download: "Download",
    dropHere: "Drop photos or files here", edited: "edited",
    howTo: "The bot finds the faces on it and rates each from 1 to 10. Choose a photo, drag it "
      + "onto this page or paste it from the clipboard.",
    language: "Language", message: "Message…", noServer: "No connection to the sandbox.",
    online: "bot", photo: "Photo", picture: "Picture", refused: "This could not be sent: {}.",
    remove: "Remove {}", retry: "Try again", send: "Send", sending: "Sending…",
    sendAsFile: "Send as file", showOriginal: "Show the message that this answers",
    standIn: "This page stands in for Telegram: no account is needed, and the chat is forgotten "
      + "when the sandbox stops.",
    tooLarge: "{} is larger than 50 MB.", tooMany: "At most 10 files at a time.",
    typing: "typing…", unblock: "Unblock", upload_document: "sending a file…",
    upload_photo: "sending a photo…", welcome: "Send a photo with a face", you: "You",
  },
  ru: {
    asFile: "как файл", asPhoto: "как фото", attach: "Прикрепить фото или файлы",
    attached: "Прикреплённые файлы", block: "Заблокировать бота",
    blocked: "Вы заблокировали бота.", caption: "Добавьте подпись…", chat: "Чат с attrai",
    choose: "Выбрать фото", close: "Закрыть", commands: "Команды", connecting: "соединение…",
    delete: "Удалить", deleted: "Удалённое сообщение", discard: "Убрать",
    down: "К последнему сообщению", download: "Скачать",
    dropHere: "Отпустите здесь фото или файлы", edited: "изменено",
    howTo: "Бот найдёт на нём лица и оценит каждое от 1 до 10. Выберите фото, перетащите его на "
      + "эту страницу или вставьте из буфера обмена.",
    language: "Язык", message: "Сообщение…", noServer: "Нет связи с песочницей.", online: "бот",
    photo: "Фото", picture: "Изображение", refused: "Не удалось отправить: {}.",
    remove: "Убрать {}", retry: "Повторить", send: "Отправить", sending: "Отправляется…",
    sendAsFile: "Отправить файлом", showOriginal: "Показать сообщение, на которое это ответ",
    standIn: "Эта страница заменяет Telegram: учётная запись не нужна, а переписка забывается, "
      + "когда песочница остановлена.",
    tooLarge: "{} больше 50 МБ.", tooMany: "Не больше 10 файлов сразу.", typing: "печатает…",
    unblock: "Разблокировать", upload_document: "отправляет файл…",
    upload_photo: "отправляет фото…", welcome: "Отправьте фото с лицом", you: "Вы",
  },
};
const BOT = "attrai";
const MOST_FILES = 10;
const LARGEST_FILE = 50 * 1024 * 1024;
/** Telegram shows an action for five seconds, or until the bot's next message. */
const ACTION_MS = 5000;
const IMAGE_NAME = /\.(avif|bmp|gif|jpe?g|png|webp)$/i;
/** Every odd part of a text that is split by this is an address or a command. */
const CLICKABLE = /(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)]|(?<=^|\s)\/[a-z0-9_]+(?=$|[\s.,;:!?)]))/;

const all = (selector) => [...document.querySelectorAll(selector)];
const page = Object.fromEntries(all("[id]").map((node) => [node.id, node]));
const user = new URLSearchParams(location.search).get("user") ?? "1";
let language = localStorage.getItem("language")
  ?? (navigator.language.startsWith("ru") ? "ru" : "en");

const say = (key, value) => WORDS[language][key].replace("{}", value);

/** A new element; absent children are left out, strings become text. */
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter(Boolean));
  return element;
}

const div = (className, ...children) => make("div", { className }, ...children);

function makeIcon(name) {
  const space = "http://www.w3.org/2000/svg";
  const [svg, use] = ["svg", "use"].map((tag) => document.createElementNS(space, tag));
  use.setAttribute("href", `/static/icon.svg#${name}`);
  svg.ariaHidden = "true";
  svg.append(use);
  return svg;
}

const makeButton = (className, onclick, ...children) =>
  make("button", { type: "button", className, onclick }, ...children);

const makeIconButton = (name, label, onclick) =>
  Object.assign(makeButton("icon", onclick, makeIcon(name)), { title: label, ariaLabel: label });

// ---- messages -------------------------------------------------------------------------------

/** What the chat shows: message id -> {message, article}. */
const shown = new Map();

/** Shows a message, in the place of an earlier state of it if there is one. */
function show(message) {
  const article = makeArticle(message);
  const earlier = shown.get(message.id);
  if (earlier) earlier.article.replaceWith(article);
  else bubbleFor(message).append(article);
  shown.set(message.id, { message, article });
  if (!earlier && message.from === "bot") showAction(null);
}

/** The bubble a new message belongs in: that of its album, else one of its own. */
function bubbleFor(message) {
  const last = page.messages.lastElementChild;
  if (message.album && last?.dataset.album === message.album) return last.firstChild;
  const row = Object.assign(div(`row ${message.from}`, div("bubble")), { tabIndex: -1 });
  if (message.album) row.dataset.album = message.album;
  row.classList.toggle("new", message.from === "bot" && page.messages.ariaBusy !== "true");
  page.messages.append(row);
  return row.firstChild;
}

function remove(id) {
  const row = shown.get(id)?.article.closest(".row");
  shown.get(id)?.article.remove();
  shown.delete(id);
  if (row && !row.querySelector("article")) row.remove();
}

function makeArticle(message) {
  const { photo, document: file, reply_to: answered, text = message.caption } = message;
  return make("article", { id: `m${message.id}`, className: photo && !text ? "bare" : "" },
    answered && makeQuote(answered),
    photo && makePicture(photo, text, message),
    file && makeDocument(file, text),
    div("words",
      text && make("span", { className: "text" }, ...makeClickable(text)),
      makeFooter(message)));
}

function makePicture(url, caption, { width, height } = {}) {
  const image = make("img", { src: url, alt: caption || say("photo") });
  if (width) Object.assign(image, { width, height });
  return makeButton("picture", () => enlarge(url, caption), image);
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
  const sender = original?.from === "bot" ? BOT : say("you");
  const quote = makeButton("quote", () => reveal(id),
    original?.photo && make("img", { src: original.photo, alt: "" }),
    make("span", {}, original && make("b", {}, sender), make("span", {}, excerpt(original))));
  return Object.assign(quote, { title: say("showOriginal") });
}

function excerpt(message) {
  if (!message) return say("deleted");
  return message.text ?? message.caption ?? message.document?.name ?? say("photo");
}

function makeFooter({ id, from, date, edited }) {
  const time = new Date(date * 1000);
  return make("footer", {},
    from === "user" && makeIconButton("bin", say("delete"), () => deleteBubble(id)),
    edited && make("span", { className: "edited" }, say("edited")),
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

/** Scrolls to a message and marks it for a moment. */
function reveal(id) {
  const row = shown.get(id)?.article.closest(".row");
  if (!row) return;
  row.scrollIntoView({ block: "center" });
  row.focus({ preventScroll: true });
  row.onanimationend = () => row.classList.remove("found");
  row.classList.add("found");
}

function enlarge(url, caption = "") {
  Object.assign(page.enlarged, { src: url, alt: caption || say("picture") });
  Object.assign(page.original, { href: url, download: "" });
  page.caption.textContent = caption;
  page.viewer.showModal();
}

/** What the bot does now, if anything, and when that is over. */
let action = null;
let actionEnd;

/** Says under the bot's name what it does; a lost connection counts as such. */
function showAction(current) {
  action = current;
  clearTimeout(actionEnd);
  page.status.textContent = WORDS[language][action] ?? say("online");
  page.status.classList.toggle("busy", action !== null);
  if (action && action !== "connecting") actionEnd = setTimeout(showAction, ACTION_MS, null);
}

// ---- the event stream -----------------------------------------------------------------------

let commands = [];

function connect() {
  const stream = new EventSource(`/page/events?user=${encodeURIComponent(user)}`);
  const on = (name, react) =>
    stream.addEventListener(name, (event) => react(JSON.parse(event.data)));
  // Each connection starts with the whole history, so that nothing of the former one may stay.
  stream.onopen = () => {
    page.messages.ariaBusy = "true";
    page.messages.replaceChildren();
    shown.clear();
    showAction(null);
  };
  stream.onerror = () => {
    showAction("connecting");
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
  };
  on("message", show);
  on("edited", (message) => show({ ...message, edited: true }));
  on("deleted", ({ id }) => remove(id));
  on("action", (event) => showAction(event.action));
  on("blocked", ({ blocked }) => showBlocked(blocked));
  on("commands", (list) => {
    page.messages.ariaBusy = "false";
    commands = list;
    refreshComposer();
  });
}

function showBlocked(blocked) {
  page.blocked.hidden = !blocked;
  page.composer.hidden = page.block.hidden = blocked;
}

const tell = (path, body) => fetch(path, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ user: Number(user), ...body }),
});

/** Deletes a message, and with it the others of its album. */
function deleteBubble(id) {
  for (const { id: name } of shown.get(id).article.parentElement.children) {
    tell("/page/delete", { id: Number(name.slice(1)) });
  }
}

// ---- sending --------------------------------------------------------------------------------

/** Shows `outgoing` as pending and posts it: {text, attachments: [{file, url}], kind}. */
function send(outgoing) {
  const row = makePending(outgoing);
  page.pending.append(row);
  follow();
  return post(outgoing, row);
}

async function post(outgoing, row) {
  const note = row.querySelector(".note");
  const hidden = !outgoing.attachments?.length;
  const progress = make("progress", { ariaLabel: say("sending"), hidden });
  note.replaceChildren(progress);
  const { status, response } = await upload(fill(outgoing), (part) => {
    if (part < 1) progress.value = part;
    else progress.removeAttribute("value");
  });
  if (status === 200) discard(outgoing, row);
  else note.replaceChildren(...makeFailure(outgoing, row, status, response?.error));
}

function fill({ text, attachments = [], kind }) {
  const form = new FormData();
  form.append("user", user);
  form.append("language", language);
  if (text) form.append(attachments.length ? "caption" : "text", text);
  for (const { file } of attachments) form.append(kind, file);
  return form;
}

/** Unlike fetch, this tells how much of the body is out. The status is 0 without a connection. */
function upload(form, onprogress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/page/messages");
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => onprogress(loaded / total);
    request.onloadend = () => resolve(request);
    request.send(form);
  });
}

function makePending({ text, attachments = [], kind }) {
  const parts = attachments.map((attachment) => make("article", {}, kind === "photo"
    ? div("picture", makePreview(attachment))
    : div("document", makeIcon("file"), make("b", {}, attachment.file.name))));
  const words = text && make("p", { className: "words" }, text);
  const row = div("row user pending", div("bubble", ...parts, words, div("note")));
  if (parts.length > 1) row.dataset.album = "";
  return row;
}

/** A small picture of an attached file; not every image can be shown. */
function makePreview({ file, url }) {
  if (!file.type.startsWith("image/")) return makeIcon("file");
  const image = make("img", { src: url, alt: file.name });
  image.onerror = () => image.replaceWith(makeIcon("picture"));
  return image;
}

function makeFailure(outgoing, row, status, reason) {
  const asFile = () => {
    outgoing.kind = "document";
    post(outgoing, row);
  };
  const explanation = status === 0 ? say("noServer") : say("refused", reason ?? status);
  return [
    make("p", { role: "alert" }, explanation),
    makeButton("plain", () => post(outgoing, row), say("retry")),
    status === 422 && outgoing.kind === "photo" && makeButton("plain", asFile, say("sendAsFile")),
    makeButton("plain", () => discard(outgoing, row), say("discard")),
  ].filter(Boolean);
}

function discard({ attachments = [] }, row) {
  for (const { url } of attachments) URL.revokeObjectURL(url);
  row.remove();
}

// ---- the composer ---------------------------------------------------------------------------

/** What the next message takes along: [{file, url}]. */
let attachments = [];

function attach(files) {
  if (page.composer.hidden) return;
  const small = [...files].filter(({ size }) => size <= LARGEST_FILE);
  const large = [...files].find(({ size }) => size > LARGEST_FILE);
  const taken = small.slice(0, MOST_FILES - attachments.length);
  page.notice.textContent = taken.length < small.length ? say("tooMany") : "";
  if (large) page.notice.textContent = say("tooLarge", large.name);
  attachments.push(...taken.map((file) => ({ file, url: URL.createObjectURL(file) })));
  page.files.value = "";
  refreshTray();
  page.text.focus();
}

function refreshTray() {
  page.photo.disabled = !attachments.every(({ file }) => file.type.startsWith("image/"));
  if (page.photo.disabled) page.document.checked = true;
  else if (!attachments.length) page.photo.checked = true;
  page.tray.hidden = !attachments.length;
  page.attached.replaceChildren(...attachments.map(makeAttachment));
  refreshComposer();
}

function makeAttachment(attachment) {
  const { name } = attachment.file;
  const detach = () => {
    attachments = attachments.filter((other) => other !== attachment);
    URL.revokeObjectURL(attachment.url);
    page.notice.textContent = "";
    refreshTray();
  };
  return div("attachment", makePreview(attachment), make("span", {}, name),
    makeIconButton("close", say("remove", name), detach));
}

function refreshComposer() {
  page.text.placeholder = page.text.ariaLabel = say(attachments.length ? "caption" : "message");
  page.text.maxLength = attachments.length ? 1024 : 4096;
  page.text.style.height = "auto";
  page.text.style.height = `${page.text.scrollHeight}px`;
  page.slash.hidden = Boolean(page.text.value || attachments.length || !commands.length);
  page.send.disabled = !page.text.value.trim() && !attachments.length;
  refreshMenu();
}

function submit() {
  const kind = page.photo.checked ? "photo" : "document";
  const outgoing = { text: page.text.value.trim(), attachments, kind };
  if (!outgoing.text && !attachments.length) return;
  attachments = [];
  page.text.value = page.notice.textContent = "";
  refreshTray();
  send(outgoing);
}

/** The commands that what is typed may become; the first is chosen until the arrows move on. */
function refreshMenu() {
  const typed = page.text.value;
  const matches = commands.filter(({ command }) => typed && `/${command}`.startsWith(typed));
  page.menu.replaceChildren(...matches.map(({ command, description }) => make("li",
    { id: `command-${command}`, role: "option", onclick: () => choose(command) },
    make("b", {}, `/${command}`), " ", description)));
  page.menu.hidden = !matches.length;
  mark(0);
}

function mark(index) {
  const options = [...page.menu.children];
  const marked = options.at(index % (options.length || 1));
  for (const option of options) option.ariaSelected = String(option === marked);
  marked?.scrollIntoView({ block: "nearest" });
  if (marked) page.text.setAttribute("aria-activedescendant", marked.id);
  else page.text.removeAttribute("aria-activedescendant");
}

function choose(command) {
  page.text.value = "";
  refreshComposer();
  send({ text: `/${command}` });
}

function onKey(event) {
  if (event.isComposing) return;
  const options = [...page.menu.children];
  const marked = options.findIndex((option) => option.ariaSelected === "true");
  const open = !page.menu.hidden;
  const reactions = {
    ArrowDown: open && (() => mark(marked + 1)),
    ArrowUp: open && (() => mark(marked - 1)),
    Escape: open && (() => { page.menu.hidden = true; }),
    Tab: open && !event.shiftKey && (() => options[marked].click()),
    Enter: !event.shiftKey && (open ? () => options[marked].click() : submit),
  };
  if (!reactions[event.key]) return;
  event.preventDefault();
  reactions[event.key]();
}

// ---- the page -------------------------------------------------------------------------------

/** Whether the end of the chat stays in view when something is added to it. */
let following = true;
let lastTop = 0;

function follow() {
  following = true;
  page.log.scrollTo({ top: page.log.scrollHeight, behavior: "instant" });
}

/** Only scrolling up lets go of the end: what is added meanwhile also makes it far away. */
function onScroll() {
  const { scrollTop, scrollHeight, clientHeight } = page.log;
  const atEnd = scrollHeight - scrollTop - clientHeight < 80;
  following = atEnd || (following && scrollTop >= lastTop);
  lastTop = scrollTop;
  page.down.hidden = following;
}

function setLanguage(choice) {
  language = page.language.value = document.documentElement.lang = choice;
  localStorage.setItem("language", choice);
  for (const node of all("[data-text]")) node.textContent = say(node.dataset.text);
  for (const node of all("[data-label]")) node.title = node.ariaLabel = say(node.dataset.label);
  for (const { message } of [...shown.values()]) show(message);
  showAction(action);
  refreshTray();
}

function acceptDrops() {
  const hasFiles = (event) => event.dataTransfer.types.includes("Files");
  const hide = () => { page.drop.hidden = true; };
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    page.drop.hidden = page.composer.hidden;
  });
  addEventListener("dragleave", (event) => event.relatedTarget ?? hide());
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    hide();
    attach(event.dataTransfer.files);
  });
  addEventListener("paste", ({ clipboardData: { files } }) => files.length && attach(files));
}

function acceptClicks() {
  const on = (node, react) => node.addEventListener("click", react);
  on(page.attach, () => page.files.click());
  on(page.choose, () => page.files.click());
  on(page.start, () => send({ text: "/start" }));
  on(page.slash, () => { page.text.value = "/"; page.text.focus(); refreshComposer(); });
  on(page.down, follow);
  on(page.block, () => tell("/page/block", { blocked: true }));
  on(page.unblock, () => tell("/page/block", { blocked: false }));
  on(page.viewer, (event) => event.target.closest("a") ?? page.viewer.close());
}

acceptDrops();
acceptClicks();
page.files.addEventListener("change", () => attach(page.files.files));
page.composer.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
page.text.addEventListener("input", refreshComposer);
page.text.addEventListener("keydown", onKey);
page.language.addEventListener("change", () => setLanguage(page.language.value));
page.log.addEventListener("scroll", onScroll);
const sizes = new ResizeObserver(() => following && follow());
for (const node of [page.log, page.messages, page.pending]) sizes.observe(node);
setLanguage(language);
connect();
